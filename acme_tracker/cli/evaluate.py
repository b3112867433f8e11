"""`acme-tracker evaluate`: how good a detector or a tracking run is, by the field's own metrics."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from acme_tracker.cli.console import errors, output
from acme_tracker.config import DetectorSettings
from acme_tracker.datasets import LabelledImage, open_combined, parse_class_map
from acme_tracker.datatypes import ClassList
from acme_tracker.detection.cards import load_card
from acme_tracker.detection.registry import open_detector, shipped_cards
from acme_tracker.errors import OutputError

if TYPE_CHECKING:  # they load SciPy, for which `acme-tracker --help` should not wait
    from acme_tracker.evaluation.detection import DetectionReport
    from acme_tracker.evaluation.tracking import Tracked, TrackingReport

app = typer.Typer(help="Score detectors and tracking runs on labelled data.", no_args_is_help=True)

# What fits into 80 columns; --json has the rest.
_TRACKING_COLUMNS = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag", "FP", "FN")
_DETECTION_COLUMNS = (
    *("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"),
    *("precision", "recall", "truth_boxes"),
)
_SCORE_WITHOUT_CARD = 0.5

Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="OLD=NEW,...", help="Rename or merge classes on both sides; OLD= drops."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")]
Strict = Annotated[bool, typer.Option(help="Odd lines in the labels are errors.")]


@app.command()
def detection(
    data: Annotated[list[Path], typer.Option(help="Data set of any known format; may repeat.")],
    detector: Annotated[str, typer.Option(help="As for `track`; `acme-tracker models` lists.")],
    split: Annotated[str | None, typer.Option(help="Only this split: train, val, ...")] = None,
    class_map: Map = None,
    score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Working threshold; else the card's, or 0.5."),
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
    words = {"name": detector, "weights": weights, "device": device, "threads": threads}
    settings = DetectorSettings.load(overrides={**words, "score": LEAST_SCORE})
    report = evaluate_detector(
        open_detector(settings),
        images,
        _working_score(detector) if score is None else score,
        classes,
        watch=_quietly if as_json else _with_progress,
    )
    pictures = [] if out is None else write_pictures(report, out)
    if as_json:
        print(json.dumps({"detector": detector, **report.as_dict()}))
        return
    if images.problems:
        errors.print(
            f"{len(images.problems)} problems in the data: `acme-tracker data check` lists them"
        )
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


def _working_score(detector: str) -> float:
    """The card's own threshold where there is a card."""
    path = shipped_cards().get(detector)
    if path is None and Path(detector).suffix in (".yaml", ".yml"):
        path = Path(detector).expanduser()
    return _SCORE_WITHOUT_CARD if path is None else load_card(path).score


def _print_detection(report: DetectionReport, detector: str, pictures: list[Path]) -> None:
    point = report.working_point
    table = _table(_DETECTION_COLUMNS, escape(f"{detector} on {report.data.root}"))
    for class_id, name in enumerate(report.classes):
        table.add_row(escape(name), *_cells(report.figures(class_id), _DETECTION_COLUMNS))
    table.add_section()
    table.add_row("all", *_cells(report.figures(), _DETECTION_COLUMNS), style="bold")
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
    _print_paths(pictures)


@app.command()
def tracking(
    truth: Annotated[
        Path, typer.Option(help="Folder of sequences, the folder of one, or its gt.txt.")
    ],
    tracks: Annotated[
        Path,
        typer.Option(help="MOT file, tracks.csv, or a folder with NAME/tracks.csv, NAME.txt, ..."),
    ],
    ignore_above_px: Annotated[
        float | None, typer.Option(help="Drop tracked boxes whose bottom edge lies above this row.")
    ] = None,
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
    report = evaluate_tracking(pairs, ignore_above_px)
    pictures = [] if out is None else _draw_timelines(pairs, ignore_above_px, out)
    if as_json:
        print(json.dumps(report.as_dict()))
        return
    _print_tracking(report, pairs, pictures)


def _draw_timelines(pairs: list[Tracked], ignore_above_px: float | None, out: Path) -> list[Path]:
    from acme_tracker.evaluation.timeline_picture import draw_timeline
    from acme_tracker.metrics.timeline import timeline

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror}") from None
    paths = []
    for pair in pairs:
        path = out / ("timeline.png" if len(pairs) == 1 else f"timeline_{pair.name}.png")
        told = timeline(pair.truth, pair.result, ignore_above_px)
        draw_timeline(told, path, pair.name)
        paths.append(path)
    return paths


def _print_tracking(report: TrackingReport, pairs: list[Tracked], pictures: list[Path]) -> None:
    table = _table(_TRACKING_COLUMNS, "whatever the class")
    for row in report.sequences:
        table.add_row(escape(row.name), *_cells(row.scores.figures(), _TRACKING_COLUMNS))
    table.add_section()
    total = report.total
    table.add_row("total", *_cells(total.scores.figures(), _TRACKING_COLUMNS), style="bold")
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
    _print_paths(pictures)


def _class_table(report: TrackingReport) -> Table:
    table = _table(_TRACKING_COLUMNS, "by class")
    for row in (*report.sequences, report.total):
        for name, scores in row.by_class.items():
            table.add_row(
                escape(f"{row.name} {name}"), *_cells(scores.figures(), _TRACKING_COLUMNS)
            )
        table.add_section()
    return table


def _names(lists: Iterable[ClassList | None]) -> str:
    return ", ".join(dict.fromkeys(name for classes in lists for name in classes or ())) or "none"


def _print_paths(paths: Iterable[Path]) -> None:
    for path in paths:
        output.print(f"wrote {escape(str(path))}", soft_wrap=True)


# --- Tables -------------------------------------------------------------------------------------


def _table(columns: tuple[str, ...], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(overflow="fold")
    for column in columns:
        table.add_column(column.replace("_", "\n"), justify="right", no_wrap=True)
    return table


def _cells(figures: Mapping[str, float | int], columns: tuple[str, ...]) -> list[str]:
    return [_cell(figures[column]) for column in columns]


def _cell(value: float | int) -> str:
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{value:.1f}"
