"""How a method may be called, compared with how a protocol says that it is called.

``isinstance`` with a protocol looks at names only. What is here looks beneath: the kind of the method and every way in
which the declaration lets a caller pass its arguments. The contract writes a declaration as one line of Python:

    ``async def stop(drain=True)``      awaited
    ``def get(name)``                   called
    ``async for stream()``              called, not awaited, and iterated with ``async for``
    ``property mode``                   read

All functions are pure and return plain sentences.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any

from mdc_returns import UNSEEN, kind_of, passes_on, wrapped_layers

_STREAM = re.compile(r"\bAsync(Iterable|Iterator|Generator)\b")
_KINDS = {"async for": "stream", "async def": "coroutine", "def": "function", "property": "property"}
_VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_MISSING = object()


@dataclass(frozen=True)
class Declaration:
    """One member of a protocol: its name, its kind and, for a method, its signature without ``self``."""

    name: str
    kind: str
    signature: Signature = field(default_factory=Signature)

    def __str__(self) -> str:
        """Return the declaration as the contract writes it."""
        keyword = {kind: keyword for keyword, kind in _KINDS.items()}.get(self.kind, "def")
        return f"{keyword} {self.name}{'' if self.kind == 'property' else self.signature}"


def parsed(line: str) -> Declaration:
    """The declaration that a line of the contract writes down."""
    keyword = next((keyword for keyword in _KINDS if line.startswith(f"{keyword} ")), None)
    if keyword is None:
        raise ValueError(f"not a declaration: {line!r}")
    rest = line.removeprefix(keyword).strip()
    if keyword == "property":
        return Declaration(rest, "property")
    function = ast.parse(f"def {rest}: ...").body[0]
    if not isinstance(function, ast.FunctionDef):
        raise ValueError(f"not a declaration: {line!r}")
    return Declaration(function.name, _KINDS[keyword], Signature(list(_parameters(function.args))))


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for index, arg in enumerate(positional):
        kind = Parameter.POSITIONAL_ONLY if index < len(arguments.posonlyargs) else Parameter.POSITIONAL_OR_KEYWORD
        default = None if index < without else arguments.defaults[index - without]
        yield Parameter(arg.arg, kind, default=_literal(default))
    for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(arg.arg, Parameter.KEYWORD_ONLY, default=_literal(default))


def _literal(node: ast.expr | None) -> Any:
    return Parameter.empty if node is None else ast.literal_eval(node)


def is_protocol(cls: type) -> bool:
    """Whether a class is a protocol itself, not a class that implements one (``typing.is_protocol`` came in 3.13)."""
    return bool(vars(cls).get("_is_protocol", False))


def members(protocol: type) -> set[str]:
    """The names that a protocol declares, its own and inherited ones (``__protocol_attrs__`` came in 3.12)."""
    bases = [base for base in protocol.__mro__ if is_protocol(base) and base.__module__ != "typing"]
    names = {name for base in bases for name in (*vars(base), *vars(base).get("__annotations__", {}))}
    return {name for name in names if not name.startswith("_")}


def read(owner: Any, name: str) -> Declaration | None:
    """How ``owner`` declares ``name``: an instance as it is bound, a class as its instances would have it.

    Nothing if there is no such method, or its signature cannot be read.
    """
    attribute = inspect.getattr_static(owner, name, None)
    if isinstance(attribute, property):
        return Declaration(name, "property")
    if inspect.isclass(owner):
        # Binding to any object drops ``self``: a class that cannot be constructed here can still be looked at.
        attribute = attribute.__get__(object(), owner) if hasattr(attribute, "__get__") else attribute
    else:
        attribute = getattr(owner, name, None)
    if not callable(attribute):
        return None
    layers = wrapped_layers(attribute)
    try:
        signatures = [inspect.signature(layer, follow_wrapped=False) for layer in layers]
    except (TypeError, ValueError):
        return None
    # A wrapper that hands everything on leaves it to what it wraps which calls are possible; one with parameters of
    # its own decides itself, whatever ``functools.wraps`` makes ``inspect.signature`` show.
    deciding = next((each for each in signatures if not passes_on(each)), signatures[-1])
    return Declaration(name, kind_of(attribute, owner), _bare(deciding))


def _bare(signature: Signature) -> Signature:
    """The signature without annotations: what may be passed is compared here, not what type checkers say of it."""
    parameters = [each.replace(annotation=Parameter.empty) for each in signature.parameters.values()]
    return Signature(parameters)


def declaration_problems(protocol: type, lines: Iterable[str]) -> list[str]:
    """Where Core's protocol differs from the contract, member by member, in any detail."""
    expected = {declaration.name: declaration for declaration in map(parsed, lines)}
    name = protocol.__name__
    declared = members(protocol)
    problems = [f"{name}.{extra} is declared and not in the contract" for extra in declared - expected.keys()]
    for member, declaration in expected.items():
        got = read(protocol, member) if member in declared else None
        if member not in declared:
            problems.append(f"{name}.{member} is not declared")
        elif declaration.kind == "property" and got is None:
            continue  # a bare annotation declares an attribute as a property does
        elif got is None or str(_as_used(got, protocol)) != str(declaration):
            problems.append(f"{name}: '{declaration}' is declared as '{got}'")
    return problems


def _as_used(got: Declaration, protocol: type) -> Declaration:
    """A protocol's ``async def`` that says it returns an async iterator is meant, and used, as a stream."""
    function = inspect.getattr_static(protocol, got.name)
    annotation = str(getattr(function, "__annotations__", {}).get("return", ""))
    stream = got.kind == "coroutine" and _STREAM.search(annotation)
    return Declaration(got.name, "stream", got.signature) if stream else got


def read_as_used(protocol: type) -> list[str]:
    """What a protocol declares, as the contract would write it."""
    declared = [_as_used(got, protocol) for name in sorted(members(protocol)) if (got := read(protocol, name))]
    return [str(declaration) for declaration in declared]


def awaited_streams(protocol: type) -> list[str]:
    """The members that say they return an async iterator and are declared so that a caller must await them first."""
    problems = []
    for name in sorted(members(protocol)):
        got = read(protocol, name)
        if got and got.kind == "coroutine" and _as_used(got, protocol).kind == "stream":
            problems.append(f"{protocol.__name__}.{name} is declared as a coroutine that returns an iterator")
    return problems


def call_problems(owner: Any, lines: Iterable[str]) -> list[str]:
    """Each way in which ``owner`` cannot be used as the declarations say."""
    return [problem for line in lines for problem in _member_problems(owner, parsed(line))]


def _member_problems(owner: Any, declared: Declaration) -> list[str]:
    cls = owner if inspect.isclass(owner) else type(owner)
    where = f"{cls.__name__}.{declared.name}"
    definer = next((base for base in cls.__mro__ if declared.name in vars(base)), None)
    if definer is None and inspect.getattr_static(owner, declared.name, _MISSING) is _MISSING:
        if inspect.isclass(owner) and hasattr(cls, "__getattr__"):
            # Only an instance could tell.
            return []
        if not hasattr(owner, declared.name):
            return [f"{where} does not exist"]
    if definer is not None and is_protocol(definer) and definer is not cls:
        return [f"{where} is not implemented: the empty body of {definer.__name__} itself answers"]
    got = read(owner, declared.name)
    if declared.kind == "property":
        return [] if got is None or got.kind == "property" else [f"{where} is '{got}', declared is '{declared}'"]
    if got is None:
        # What is written in C may have no signature that can be read.
        return [] if callable(getattr(owner, declared.name, None)) else [f"{where} cannot be called"]
    if got.kind not in (declared.kind, UNSEEN):
        return [f"{where} is '{got}', declared is '{declared}'"]
    return [f"{where}{got.signature} {problem}" for problem in _signature_problems(declared.signature, got.signature)]


def _signature_problems(declared: Signature, got: Signature) -> list[str]:
    problems = [
        f"does not accept {_shown(args, kwargs)}" for args, kwargs in _calls(declared) if not _binds(got, args, kwargs)
    ]
    return problems or [*_misplaced(declared, got), *_other_defaults(declared, got)]


def _calls(declared: Signature) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """The calls that a declaration permits: all or only required arguments, by position or by keyword."""
    parameters = list(declared.parameters.values())
    required = [parameter for parameter in parameters if parameter.default is Parameter.empty]
    seen = []
    for chosen in (required, parameters):
        positional = [each.name for each in chosen if each.kind is not Parameter.KEYWORD_ONLY]
        keyword_only = [each.name for each in chosen if each.kind is Parameter.KEYWORD_ONLY]
        fixed = [each.name for each in chosen if each.kind is Parameter.POSITIONAL_ONLY]
        for count in (len(positional), len(fixed)):
            call = (tuple(positional[:count]), {name: name for name in positional[count:] + keyword_only})
            if call not in seen:
                seen.append(call)
                yield call


def _binds(signature: Signature, args: Sequence[str], kwargs: dict[str, str]) -> bool:
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _shown(args: Sequence[str], kwargs: dict[str, str]) -> str:
    return f"({', '.join([*args, *(f'{name}=…' for name in kwargs)])})"


def _misplaced(declared: Signature, got: Signature) -> list[str]:
    """Arguments that arrive under another parameter's name when they are passed by position."""
    positional = [name for name, each in declared.parameters.items() if each.kind is not Parameter.KEYWORD_ONLY]
    arrived = got.bind_partial(*positional).arguments
    return [
        f"takes the positional argument {value} as {name}"
        for name, value in arrived.items()
        if got.parameters[name].kind not in _VARIADIC and name != value and value in got.parameters
    ]


def _other_defaults(declared: Signature, got: Signature) -> list[str]:
    return [
        f"has {name}={got.parameters[name].default!r} where {name}={parameter.default!r} is declared"
        for name, parameter in declared.parameters.items()
        if parameter.default is not Parameter.empty
        and name in got.parameters
        and not _is_alike(got.parameters[name].default, parameter.default)
    ]


def _is_alike(default: Any, declared: Any) -> bool:
    """Whether two defaults are the same to what is called: 2 and 2.0 are, 1 and True are not."""
    return isinstance(default, bool) is isinstance(declared, bool) and bool(default == declared)


def shallow(owner: Any, protocol: type) -> bool | None:
    """What ``isinstance`` (for a class, ``issubclass``) says; nothing where a protocol does not allow the question."""
    try:
        return issubclass(owner, protocol) if inspect.isclass(owner) else isinstance(owner, protocol)
    except TypeError:
        return None


def conformance_problems(owner: Any, protocol: type, lines: Iterable[str]) -> list[str]:
    """Where ``owner`` is not what the protocol declares, saying of each what ``isinstance`` makes of it."""
    problems = call_problems(owner, lines)
    says = shallow(owner, protocol)
    if says is None:
        return problems
    if says:
        return [f"isinstance says yes, but {problem}" for problem in problems]
    if not problems:
        return [f"isinstance with {protocol.__name__} says no, but each method can be called as declared"]
    return [f"isinstance says no: {problem}" for problem in problems]
