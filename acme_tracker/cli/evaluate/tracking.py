"""`acme-tracker evaluate tracking`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from acme_tracker.cli.console import output
from acme_tracker.cli.evaluate.options import IgnoreAbove, Json, Map, Strict
from acme_tracker.cli.evaluate.tables import cells, columns, make_folder, print_paths, table_of
from acme_tracker.cli.evaluate.truth import tell_problems
from acme_tracker.datasets import parse_class_map
from acme_tracker.datatypes import ClassList

if TYPE_CHECKING:  # they load SciPy, for which `acme-tracker --help` should not wait
    from acme_tracker.evaluation.tracking import Tracked, TrackingReport

_COLUMNS = columns("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag", "FP", "FN")


def tracking(
    truth: Annotated[
        Path, typer.Option(help="Folder of sequences, the folder of one, or its gt.txt.")
    ],
    tracks: Annotated[
        Path,
        typer.Option(help="MOT file, tracks.csv, or a folder with NAME/tracks.csv, NAME.txt, ..."),
    ],
    ignore_above_px: IgnoreAbove = None,
    class_map: Map = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a timeline picture of each sequence.")
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """HOTA, MOTA, IDF1, switches and fragments: a row a sequence, and the total."""
    from acme_tracker.evaluation.tracking import evaluate_tracking, read_pairs

    pairs = read_pairs(truth, tracks, parse_class_map(class_map or ()), strict)
    tell_problems(problem for pair in pairs for problem in pair.problems)
    report = evaluate_tracking(pairs, ignore_above_px)
    pictures = [] if out is None else _draw_timelines(pairs, ignore_above_px, out)
    if as_json:
        print(json.dumps(report.as_dict()))
        return
    _print_tracking(report, pairs, pictures)


def _draw_timelines(pairs: list[Tracked], ignore_above_px: float | None, out: Path) -> list[Path]:
    from acme_tracker.evaluation.timeline_picture import draw_timeline
    from acme_tracker.metrics.timeline import timeline

    make_folder(out)
    paths = []
    for pair in pairs:
        path = out / ("timeline.png" if len(pairs) == 1 else f"timeline_{pair.name}.png")
        told = timeline(pair.truth, pair.result, ignore_above_px)
        draw_timeline(told, path, pair.name)
        paths.append(path)
    return paths


def _print_tracking(report: TrackingReport, pairs: list[Tracked], pictures: list[Path]) -> None:
    table = table_of(_COLUMNS, "whatever the class")
    for row in report.sequences:
        table.add_row(escape(row.name), *cells(row.scores.figures(), _COLUMNS))
    table.add_section()
    total = report.total
    table.add_row("total", *cells(total.scores.figures(), _COLUMNS), style="bold")
    output.print(table)
    if total.by_class:
        output.print(_class_table(report))
    elif any(pair.result_classes is not None for pair in pairs):
        true = _names(pair.truth_classes for pair in pairs)
        tracked = _names(pair.result_classes for pair in pairs)
        output.print(
            escape(
                f"not scored by class: the truth has {true}; the tracks have {tracked}; bring "
                "them together with --map (class_1=car,class_2=bus)"
            )
        )
    print_paths(pictures)


def _class_table(report: TrackingReport) -> Table:
    table = table_of(_COLUMNS, "by class")
    for row in (*report.sequences, report.total):
        for name, scores in row.by_class.items():
            table.add_row(escape(f"{row.name} {name}"), *cells(scores.figures(), _COLUMNS))
        table.add_section()
    return table


def _names(lists: Iterable[ClassList | None]) -> str:
    return ", ".join(dict.fromkeys(name for classes in lists for name in classes or ())) or "none"
