"""``mdmeta can-i-deploy``: may these releases go out together, what will work, and on what evidence."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from packaging.version import Version
from rich.console import Console
from rich.markup import escape

from market_data_meta.commands.common import (
    Checkout,
    as_of_option,
    cache_option,
    json_option,
    known_matrix_result,
    matrix_without_runs,
    names_of,
    say,
    verbose_option,
)
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import DEPLOYED, NEWEST
from market_data_meta.releases.installed_versions import installed_versions
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import PRE_RELEASE, set_aside
from market_data_meta.releases.project_versions import FoundVersions, project_versions
from market_data_meta.releases.requested_versions import PublishedVersions, VersionRequest, parse_requests
from market_data_meta.releases.services import parse_services, service_pins

if TYPE_CHECKING:
    from market_data_meta.results.matrix import MatrixResult


@click.command("can-i-deploy")
@click.argument("pins", nargs=-1, metavar="[[SERVICE:]PACKAGE==V | PACKAGE>=V | newest | deployed]...")
@click.option("--needs", multiple=True, metavar="CAPABILITY,…", help="Capabilities that must not be broken.")
@click.option(
    "--needs-fully", multiple=True, metavar="CAPABILITY,…", help="Capabilities that must work without limits."
)
@click.option(
    "--from",
    "project_file",
    type=click.Path(path_type=Path),
    help="Take the versions from a requirements.txt, pyproject.toml, uv.lock, poetry.lock or pylock.toml.",
)
@click.option(
    "--from-env", "python", metavar="PYTHON", help="Take the versions that are installed for this interpreter."
)
@click.option(
    "--matrix", "source", metavar="URL|FILE", help="Ask a published matrix.json, and not what was run on this machine."
)
@as_of_option
@cache_option
@verbose_option
@json_option
@click.pass_obj
def can_i_deploy_command(
    checkout: Checkout,
    pins: tuple[str, ...],
    needs: tuple[str, ...],
    needs_fully: tuple[str, ...],
    project_file: Path | None,
    python: str | None,
    source: str | None,
    cache: Path | None,
    *,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Say what will work and what will not when releases go out together, and whether they may; nothing is run.

    The answer comes from the results of mdmeta matrix, or from a matrix that was published. A package that is left out
    may be of any release: the answer is about the newest set that its requirements allow and in which what is needed
    works. A version here wins over one from a file or an environment, and of a range the newest release that matches
    counts. mdmeta explain --capabilities lists what may be needed.

    Ends with 1 where a needed capability is broken or limited, or, if none is named, where something fails that is no
    known defect; with 1 too where the packages' own requirements forbid the set; with 3 where that is not known.

    With --as-of the answer is about the releases that were out then. Where their requirements forbid the set, that is
    all of it; else what works comes from the results of mdmeta matrix with the same --as-of.

    Where a service has a version of its own, as store:core==1.4.59, the answer is about the services, and about the
    capabilities that they decide; every version is then exact, newest or deployed.

    \b
    Example: mdmeta can-i-deploy newest
             mdmeta can-i-deploy core==1.4.61 store==0.6.73 --needs write,redis
             mdmeta can-i-deploy --needs-fully write
             mdmeta can-i-deploy newest store:core==1.4.59 --needs redis
             mdmeta can-i-deploy newest --as-of 2025-10-22T12:00Z
             mdmeta can-i-deploy --from requirements.txt 'core>=1.4'
             mdmeta can-i-deploy --from-env .venv/bin/python --matrix https://example.org/matrix.json
    """
    # Imported here: they load pydantic, which --help can do without.
    from market_data_meta.matrix.deploy_answer import DeployQuestion, check_needs, deploy_answer
    from market_data_meta.models import json_text
    from market_data_meta.render.deploy_answer.terminal import show_answer

    about_services = bool(service_pins(pins, checkout.contract.services)[1])
    _check_sources(project_file, python, source, checkout.moment, about_services=about_services)
    if about_services:
        _answer_about_services(
            checkout, pins, (names_of(needs), names_of(needs_fully)), cache, verbose=verbose, as_json=as_json
        )
    packages = checkout.contract.packages
    pinned, word_for_others = parse_requests(pins, packages)
    needed, fully = names_of(needs), names_of(needs_fully)
    matrix = _matrix(checkout, source, cache)
    # Known before anything else is read: a name that is misspelt is the shortest way to a wrong answer.
    check_needs(matrix, (*needed, *fully))
    distributions = {name: packages[name].distribution if name in packages else name for name in matrix.packages}
    published = _published_versions(checkout, matrix, published=bool(source))
    elsewhere = {name: distribution for name, distribution in distributions.items() if name not in pinned}
    found = FoundVersions(())
    if project_file:
        found = project_versions(project_file, elsewhere, _python_of(matrix))
    elif python:
        found = installed_versions(python, elsewhere)
    for note in found.notes:
        say(escape(note))
    if (project_file or python) and not found.requests and not pinned:
        what = f"{project_file or python} has none of {', '.join(distributions.values())}"
        raise MetaError(ErrorCode.INCOMPLETE, what, hint="name their versions, or newest for the newest of each")
    requests = {request.package: request for request in found.requests} | pinned
    if word_for_others:
        others = [name for name in matrix.packages if name not in requests]
        requests |= {name: VersionRequest(name, word_for_others) for name in others}
    question = DeployQuestion(
        versions=_chosen(published, requests.values(), matrix.packages),
        needs=needed,
        needs_fully=fully,
        asked={name: request.asks for name, request in requests.items()},
        set_aside=_set_aside(checkout, matrix),
        distributions=distributions,
    )
    answer = deploy_answer(matrix, question)
    if checkout.moment and not answer.forbidden:
        answer = deploy_answer(known_matrix_result(checkout, cache), question)
    if as_json:
        click.echo(json_text(answer), nl=False)
    else:
        show_answer(answer, Console(soft_wrap=True), checkout.matrix_command, verbose=verbose)
    sys.exit(answer.exit)


def _matrix(checkout: Checkout, source: str | None, cache: Path | None) -> MatrixResult:
    """The matrix to ask first: the one that is named, or what is known here.

    Of another day that is what the requirements decide: where it is enough, nobody waits for the libraries of then.
    """
    from market_data_meta.matrix.published_matrix import age_in_words, read_matrix

    if source:
        matrix = read_matrix(source)
        say(escape(age_in_words(matrix, datetime.now(UTC).date())))
        return matrix
    return matrix_without_runs(checkout) if checkout.moment else known_matrix_result(checkout, cache)


def _check_sources(
    project_file: Path | None, python: str | None, source: str | None, moment: str | None, *, about_services: bool
) -> None:
    """Raise UsageError for options that do not go together."""
    if moment and source:
        raise click.UsageError("--matrix and --as-of both say of when the releases are; give one of them")
    if project_file and python:
        raise click.UsageError("--from and --from-env both say where the versions are from; give one of them")
    if about_services and (project_file or python or source):
        raise click.UsageError("a service with a version of its own goes with none of --from, --from-env, --matrix")


def _answer_about_services(
    checkout: Checkout,
    pins: tuple[str, ...],
    needs: tuple[tuple[str, ...], tuple[str, ...]],
    cache: Path | None,
    *,
    verbose: bool,
    as_json: bool,
) -> NoReturn:
    """Answer about services with releases of their own, from what was run on this machine."""
    from market_data_meta.commands.deployments import deployment_evidence
    from market_data_meta.deployment.deploy_answer import deployment_answer
    from market_data_meta.deployment.needs import check_deployment_needs
    from market_data_meta.models import json_text
    from market_data_meta.render.deploy_answer.deployment import show_deployment
    from market_data_meta.running.cache import default_cache
    from market_data_meta.running.cells import RunOptions

    check_deployment_needs(checkout.contract, (*needs[0], *needs[1]))
    members = {name: service.packages for name, service in checkout.contract.services.items()}
    services = parse_services(pins, members, checkout.ledger)
    options = RunOptions(cache or default_cache(), run=False)
    answer = deployment_answer(services, deployment_evidence(checkout, options, lambda _: None), *needs)
    if as_json:
        click.echo(json_text(answer), nl=False)
    else:
        show_deployment(answer, Console(soft_wrap=True), verbose=verbose)
    sys.exit(answer.exit)


def _chosen(
    published: PublishedVersions, requests: Iterable[VersionRequest], packages: Iterable[str]
) -> dict[str, str]:
    """The version that each request means; of what is no exact version it is told which that is."""
    versions: dict[str, str] = {}
    for request in requests:
        if request.package not in packages:
            what = f"{published.known_in} has no releases of {request.package}"
            raise MetaError(ErrorCode.UNKNOWN_PACKAGE, what, hint=f"ask about {', '.join(packages)}")
        version = versions[request.package] = published.chosen(request)
        if request.source or request.exact is None:
            asked = f", as {request.source} asks" if request.source else ""
            newest = "" if request.exact else f": the newest that is {request.asks or 'published'}"
            newest = f": the {request.asks} one" if request.asks in (NEWEST, DEPLOYED) else newest
            say(escape(f"{request.package} {version}{newest}{asked}"))
    return versions


def _published_versions(checkout: Checkout, matrix: MatrixResult, *, published: bool) -> PublishedVersions:
    """The versions that the matrix knows. Which of them are yanked by now stands in the ledger alone."""
    versions = {
        name: sorted((version for content in contents for version in content.releases), key=Version)
        for name, contents in matrix.packages.items()
    }
    named = {word: place.combination for word in (NEWEST, DEPLOYED) if (place := matrix.set_named(word))}
    aside = {
        name: {version for version, why in releases.items() if why != PRE_RELEASE}
        for name, releases in _set_aside(checkout, matrix).items()
    }
    if published:
        known_in, hint = f"this matrix of {matrix.as_of[:10]}", "ask about a published version, or a newer matrix"
    else:
        known_in = f"the ledger of {matrix.as_of[:10]}"
        hint = "mdmeta releases lists what it has; mdmeta releases --refresh reads the index again"
    return PublishedVersions(versions, known_in, hint, named, aside)


def _set_aside(checkout: Checkout, matrix: MatrixResult) -> dict[str, dict[str, str]]:
    """The releases that an installer does not choose by itself, by what the matrix and the ledger know together."""
    python, known = _python_of(matrix), checkout.ledger.releases
    return {name: matrix.set_aside(name) | set_aside(known.get(name, ()), python) for name in matrix.packages}


def _python_of(matrix: MatrixResult) -> str:
    """The Python on which the matrix was run."""
    return next((cell.interpreter for cell in matrix.cells if cell.interpreter), PYTHON)
