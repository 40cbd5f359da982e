"""Imports go one way: read off the sources, those inside functions too."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@cache
def modules() -> dict[str, Path]:
    """Every module of library and application by its dotted name."""
    found = {}
    for package in ("imaging_jax", "train"):
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def imports() -> dict[str, set[str]]:
    """Which modules of ours each of them imports, wherever the statement stands."""
    return {name: set(_imported(file)) - {name} for name, file in modules().items()}


def _imported(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide the room"
            names = [
                deeper if (deeper := f"{node.module}.{alias.name}") in modules() else node.module
                for alias in node.names
            ]
        else:
            continue
        yield from (name for name in names if name in modules())


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes that lie on a cycle or lead to one."""
    left = {name: set(targets) for name, targets in graph.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


@pytest.mark.parametrize("package", ["imaging_jax", "train"])
def test_no_module_leads_back_to_itself(package):
    own = {name: targets for name, targets in imports().items() if name.startswith(package)}
    assert len(own) > 50
    assert not cycle(own)


def test_a_cycle_is_found():
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


def test_the_library_knows_nothing_of_the_application():
    assert not [
        (name, target)
        for name, targets in imports().items()
        for target in targets
        if name.startswith("imaging_jax") and target.startswith("train")
    ]


ROOMS = ("config", "state", "data", "tasks", "engine", "systems", "scoring", "records", "run")


def room(module: str) -> int:
    """How high a module of the application stands; the commands at its root stand highest."""
    parts = module.split(".")
    return ROOMS.index(parts[1]) if len(parts) > 1 and parts[1] in ROOMS else len(ROOMS)


def test_the_application_imports_downwards_only():
    upwards = [
        (name, target)
        for name, targets in imports().items()
        for target in targets
        if name.startswith("train") and target.startswith("train") and room(target) > room(name)
    ]
    assert not upwards
    assert {room(name) for name in modules() if name.startswith("train.")} == set(range(10))
