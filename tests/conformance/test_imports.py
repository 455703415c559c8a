"""What one package imports from another, or from itself, exists there, guarded or not."""

from __future__ import annotations

from mdc_source import Sources, exported_names, imports_of
from mdm_clause import ClauseCheck
from mdm_plan import Plan


def _inside(module: str | None, package: str) -> bool:
    return module is not None and f"{module}.".startswith(f"{package}.")


def _check_imports(clause: ClauseCheck, plan: Plan) -> None:
    within, beyond = clause.expect.get("within"), clause.expect.get("beyond")
    importing, exporting = (plan.packages[clause.expect[role]].imports for role in ("importing", "exporting"))
    sources = Sources.installed([*importing, *exporting])
    # What leaves the package by too many dots is meant for the package's own modules.
    targets = {*exporting, None} if importing == exporting else set(exporting)
    modules = [module for package in importing for module in sources.modules(package)]
    imports = [
        imported
        for module in modules
        if importing == exporting or any(name.encode() in module.text for name in exporting)
        for imported in imports_of(module)
        if (imported.module and imported.module.partition(".")[0]) in targets
        if (not within or _inside(imported.module, within)) and not (beyond and _inside(imported.module, beyond))
    ]
    missing = {str(imported) for imported in imports if not sources.exists(imported)}
    clause.none("imports of a name or module that does not exist", sorted(missing), examined=len(modules))


def _check_all(clause: ClauseCheck, plan: Plan) -> None:
    sources = Sources.installed(plan.packages[clause.expect["package"]].imports)
    promised = [
        (module, name) for module in sources.all() if b"__all__" in module.text for name in exported_names(module.tree)
    ]
    missing = {f"{module.file}: {name}" for module, name in promised if not sources.has(module.name, name)}
    clause.none("names in __all__ that the module does not have", sorted(missing), examined=len(promised))


def test_core_of_pipeline(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Core imports from Pipeline exists in Pipeline."""
    _check_imports(clause, plan)


def test_pipeline_of_core(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Pipeline imports from Core exists in Core."""
    _check_imports(clause, plan)


def test_pipeline_of_store_feedback(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Pipeline imports from Store's coordinator exists there."""
    _check_imports(clause, plan)


def test_pipeline_of_store_clients(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Pipeline imports from Store outside of its coordinator exists there."""
    _check_imports(clause, plan)


def test_store_of_core(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Store imports from Core exists in Core."""
    _check_imports(clause, plan)


def test_core_own(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Core imports from its own modules exists there."""
    _check_imports(clause, plan)


def test_pipeline_own(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Pipeline imports from its own modules exists there."""
    _check_imports(clause, plan)


def test_store_own(clause: ClauseCheck, plan: Plan) -> None:
    """Each name that Store imports from its own modules exists there."""
    _check_imports(clause, plan)


def test_core_all(clause: ClauseCheck, plan: Plan) -> None:
    """Each name in an __all__ of Core's modules exists in that module."""
    _check_all(clause, plan)


def test_pipeline_all(clause: ClauseCheck, plan: Plan) -> None:
    """Each name in an __all__ of Pipeline's modules exists in that module."""
    _check_all(clause, plan)


def test_store_all(clause: ClauseCheck, plan: Plan) -> None:
    """Each name in an __all__ of Store's modules exists in that module."""
    _check_all(clause, plan)
