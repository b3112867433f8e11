"""`acme-tracker evaluate detection`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import track

from acme_tracker.cli.console import errors, output
from acme_tracker.cli.evaluate.options import Json, Map, Strict
from acme_tracker.cli.evaluate.tables import cells, columns, print_paths, table_of
from acme_tracker.cli.evaluate.truth import tell_problems
from acme_tracker.config import DetectorSettings
from acme_tracker.datasets import LabelledImage, open_combined, parse_class_map
from acme_tracker.detection.registry import open_detector, working_score

if TYPE_CHECKING:  # it loads SciPy, for which `acme-tracker --help` should not wait
    from acme_tracker.evaluation.detection import DetectionReport

_COLUMNS = columns(
    *("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"),
    *("precision", "recall", "truth_boxes"),
)


def detection(
    data: Annotated[list[Path], typer.Option(help="Data set of any known format; may repeat.")],
    detector: Annotated[str, typer.Option(help="As for `track`; `acme-tracker models` lists.")],
    split: Annotated[str | None, typer.Option(help="Only this split: train, val, ...")] = None,
    class_map: Map = None,
    score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Working threshold; else the detector's own."),
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="In place of the card's file.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, typer.Option(min=1)] = 2,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures: curves, confusion matrix, worst images."),
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """COCO average precision by class and size, and what happens at the working threshold."""
    from acme_tracker.evaluation.detection import LEAST_SCORE, evaluate_detector
    from acme_tracker.evaluation.detection_pictures import write_pictures

    classes = parse_class_map(class_map or ())
    images = open_combined(data, split, strict=strict)
    tell_problems(images.problems)
    score = working_score(detector) if score is None else score
    words = {"name": detector, "weights": weights, "device": device, "threads": threads}
    whole, working = (
        open_detector(DetectorSettings.load(overrides={**words, "score": least}))
        for least in (LEAST_SCORE, score)
    )
    watch = _quietly if as_json else _with_progress
    report = evaluate_detector(whole, images, score, classes, watch, timed=working)
    pictures = [] if out is None else write_pictures(report, out)
    if as_json:
        print(json.dumps({"detector": detector, **report.as_dict()}))
        return
    _print_detection(report, detector, pictures)


def _quietly(images: Iterable[LabelledImage]) -> Iterable[LabelledImage]:
    return images


def _with_progress(images: Iterable[LabelledImage]) -> Iterator[LabelledImage]:
    yield from track(
        list(images),
        "detecting",
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )


def _print_detection(report: DetectionReport, detector: str, pictures: list[Path]) -> None:
    point = report.working_point
    table = table_of(_COLUMNS, escape(f"{detector} on {report.data.root}"))
    for class_id, name in enumerate(report.classes):
        table.add_row(escape(name), *cells(report.figures(class_id), _COLUMNS))
    table.add_section()
    table.add_row("all", *cells(report.figures(), _COLUMNS), style="bold")
    output.print(table)
    output.print(
        f"{len(report.data)} images, {report.ms_per_image:.1f} ms an image (median, reading not "
        f"counted); precision and recall at score >= {point.score:g}, IoU >= 0.5"
    )
    for names, what in (
        (report.left_out, "classes of the data that the detector does not know"),
        (report.unknown, "classes of the detector that the data does not know"),
    ):
        if names:
            output.print(f"{what}, left out: {escape(', '.join(names))}")
    print_paths(pictures)
