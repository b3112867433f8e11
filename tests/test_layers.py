"""Imports point down only: see CONTRIBUTING.md for the layers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "acme_tracker"

# Lowest level first. Neighbours of one level import nothing of each other, levels 0 and 5 excepted.
LEVELS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "datatypes",
            "frames",
            "interfaces",
            "boxes",
            "config",
            "errors",
            "figures",
            "timing",
            "resources",
            "tables",
            "yuv",
            "__init__",
        }
    ),
    frozenset({"networks"}),
    frozenset({"video", "detection", "tracking", "datasets", "results", "drawing", "interchange"}),
    frozenset({"session", "observers", "pipeline", "outputs", "metrics"}),
    frozenset({"training", "evaluation", "labelling"}),
    frozenset({"cli", "__main__"}),
)
FREE_WITHIN = (0, 5)
# The only arrows inside a level: a tower, in which outputs stand on the top.
TOWER = ("session", "observers", "pipeline", "outputs")
ALLOWED = set(combinations(reversed(TOWER), 2))


def part_of(module: str) -> str:
    """`acme_tracker.video.sources` -> `video`, the room that a module stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def level_of(part: str) -> int:
    levels = [number for number, parts in enumerate(LEVELS) if part in parts]
    assert levels, f"{part} has no level: give it one in {Path(__file__).name}"
    return levels[0]


def imported_modules(path: Path, package: str) -> Iterator[str]:
    """Every module of acme_tracker that a file imports, at any depth, in any way of writing it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*anchor, base] if base else anchor)
            if base == "acme_tracker":
                yield from (f"acme_tracker.{alias.name}" for alias in node.names)
            else:
                yield base


def arrows(root: Path) -> Iterator[tuple[Path, str, str]]:
    """(file, its part, the part that it imports) for every import inside the package."""
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root.parent).with_suffix("")
        package = ".".join(relative.parts[:-1])
        own = part_of(".".join(relative.parts))
        for module in imported_modules(path, package):
            if module.split(".")[0] == "acme_tracker":
                target = part_of(module)
                yield path, own, target if target != "__version__" else "__init__"


def broken(root: Path) -> list[str]:
    found = []
    for path, own, target in arrows(root):
        here, there = level_of(own), level_of(target)
        free = own == target or (here == there and here in FREE_WITHIN) or (own, target) in ALLOWED
        if not (there < here or free):
            found.append(f"{path.relative_to(root.parent)}: {own} must not import {target}")
    return found


def test_imports_point_down_only() -> None:
    assert broken(PACKAGE) == []


def test_an_upward_import_is_caught_however_it_is_written(tmp_path: Path) -> None:
    package = tmp_path / "acme_tracker"
    (package / "video").mkdir(parents=True)
    for number, line in enumerate(
        (
            "import acme_tracker.session",
            "from acme_tracker.session import TrackingSession",
            "from acme_tracker import session",
            "from ..session import TrackingSession",
            "from .. import session",
            "def f():\n    from acme_tracker import session",
        )
    ):
        (package / "video" / f"case_{number}.py").write_text(line)
    assert len(broken(package)) == 6


def test_a_neighbour_of_the_same_level_is_caught(tmp_path: Path) -> None:
    (tmp_path / "acme_tracker" / "video").mkdir(parents=True)
    case = tmp_path / "acme_tracker" / "video" / "case.py"
    case.write_text("from acme_tracker.detection import onnx")
    assert broken(tmp_path / "acme_tracker") == [
        "acme_tracker/video/case.py: video must not import detection"
    ]
