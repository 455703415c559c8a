"""Mutations: small, generic changes of the lines that the suite's chain executes. Pure functions; no I/O."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass

OPPOSITE_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPPOSITE_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
LOGGERS = frozenset({"logger", "log", "logging", "_logger"})
"""Names of loggers: only a reader of logs notices their calls, so statements that only call them are not mutated."""


@dataclass(frozen=True)
class Mutation:
    """A small change of a file: its kind and line, the piece ``before`` and ``after``, and the whole ``text`` after."""

    file: str
    line: int
    kind: str
    before: str
    after: str
    text: str


def mutations(file: str, text: str, lines: Collection[int]) -> Iterator[Mutation]:
    """Every mutation of the statements that begin on one of ``lines``, in the order of the file.

    The text has line breaks of one character. Docstrings, annotations, statements that only log, and the texts of
    exceptions are left alone: no contract speaks of them.
    """
    tree = ast.parse(text)
    starts = _starts(text)
    for node in _candidates(tree, lines):
        for kind, changed in _changes(node):
            begin = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
            encoded = text.encode()
            after = ast.unparse(changed) if isinstance(changed, ast.AST) else changed
            if isinstance(node, ast.expr) and "\n" not in after:
                after = f"({after})"
            mutated = (encoded[:begin] + after.encode() + encoded[end:]).decode()
            before = encoded[begin:end].decode()
            if _compiles(mutated) and mutated != text:
                yield Mutation(file, node.lineno, kind, before, after, mutated)


def _starts(text: str) -> list[int]:
    """The byte at which each line begins."""
    starts, start = [], 0
    for row in text.encode().splitlines(keepends=True):
        starts.append(start)
        start += len(row)
    return starts


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutation", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _candidates(tree: ast.Module, lines: Collection[int]) -> Iterator[ast.stmt | ast.expr]:
    """The nodes of executed statements inside functions, outermost first; a nested function stands for itself."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in function.body:
                yield from _within(statement, lines)


def _within(node: ast.AST, lines: Collection[int]) -> Iterator[ast.stmt | ast.expr]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or _only_logs(node) or _docstring(node):
        return
    if isinstance(node, ast.stmt | ast.expr) and node.lineno in lines:
        yield node
    if isinstance(node, ast.Raise):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context | ast.JoinedStr):
                yield from _within(child, lines)


def _only_logs(node: ast.AST) -> bool:
    """Whether a statement only calls a logger, as a name or as an attribute of something."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    names, root = set(), node.value.func
    while isinstance(root, ast.Attribute | ast.Call):
        if isinstance(root, ast.Attribute):
            names.add(root.attr)
        root = root.value if isinstance(root, ast.Attribute) else root.func
    names |= {root.id} if isinstance(root, ast.Name) else set()
    return bool(names & LOGGERS)


def _docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: ast.stmt | ast.expr) -> Iterator[tuple[str, ast.AST | str]]:
    """What a node may be changed to, with the kind of each change."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITE_COMPARISON:
            changed = copy.deepcopy(node)
            changed.ops = [OPPOSITE_COMPARISON[type(op)]()]
            yield "comparison", changed
        case ast.BoolOp(op=op):
            changed_bool = copy.deepcopy(node)
            changed_bool.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "and/or", changed_bool
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not", operand
        case ast.BinOp(op=op) if type(op) in OPPOSITE_ARITHMETIC:
            changed_op = copy.deepcopy(node)
            changed_op.op = OPPOSITE_ARITHMETIC[type(op)]()
            yield "arithmetic", changed_op
        case ast.Constant(value=bool() as value):
            yield "constant", str(not value)
        case ast.Constant(value=int() | float() as value):
            yield "constant", repr(value + 1)
        case ast.Constant(value=str() as value) if value:
            yield "constant", repr(f"{value}X")
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield "condition", ast.IfExp(test, orelse, body)
        case _:
            yield from _changes_of_statement(node)


def _changes_of_statement(node: ast.stmt | ast.expr) -> Iterator[tuple[str, ast.AST | str]]:
    match node:
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "return", "return None"
        case ast.Raise():
            yield "no raise", "pass"
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield "no call", "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign():
            yield "no assignment", "pass"
        case ast.If(test=test) if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            # Comparisons and the like are changed by themselves.
            changed = copy.deepcopy(node)
            changed.test = ast.UnaryOp(ast.Not(), test)
            yield "condition", _indented(changed, node.col_offset)
        case ast.Break():
            yield "break", "continue"
        case ast.Continue():
            yield "continue", "break"


def _indented(node: ast.AST, column: int) -> str:
    first, *rest = ast.unparse(node).split("\n")
    return "\n".join([first, *(" " * column + line for line in rest)])
