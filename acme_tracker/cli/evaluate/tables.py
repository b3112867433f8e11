"""Tables of figures, progress, and what was written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from acme_tracker.cli.console import errors, output
from acme_tracker.errors import OutputError


class Column(NamedTuple):
    """One figure of each row: its key, its head (lines split at _), its decimals."""

    key: str
    head: str
    digits: int = 1


def columns(*keys: str) -> tuple[Column, ...]:
    """Columns that are called like their keys."""
    return tuple(Column(key, key) for key in keys)


def table_of(of: Iterable[Column], title: str) -> Table:
    """An empty table; its first column, without a head, says what each row is about."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(overflow="fold", min_width=12)
    for column in of:
        table.add_column(column.head.replace("_", "\n"), justify="right", no_wrap=True)
    return table


def cells(figures: Mapping[str, float | int], of: Iterable[Column]) -> list[str]:
    return [_cell(figures[column.key], column.digits) for column in of]


def _cell(value: float | int, digits: int) -> str:
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def jsonable(value: Any) -> Any:
    """The same with None for NaN, which JSON has not."""
    if isinstance(value, Mapping):
        return {key: jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def print_paths(paths: Iterable[Path]) -> None:
    for path in paths:
        output.print(f"wrote {escape(str(path))}", soft_wrap=True)


def make_folder(path: Path) -> Path:
    """OutputError if it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {error.strerror}") from None
    return path


@contextmanager
def progress(what: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal that advances by so much a call."""
    hidden = quiet or not errors.is_terminal
    with Progress(console=errors, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
