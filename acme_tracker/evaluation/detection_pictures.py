"""Pictures of a detection report: curves, confusion matrix, and the worst images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker.datasets import load_image
from acme_tracker.errors import OutputError
from acme_tracker.evaluation.detection import DetectionReport
from acme_tracker.figures import plain
from acme_tracker.frames import Image
from acme_tracker.metrics.average_precision import RECALLS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WORST = 12
_COLUMNS = 3
_TILE = (640, 400)  # (width, height) of a picture in the sheet of the worst
_RIGHT, _FALSE, _MISSED, _PASSED = (90, 200, 90), (40, 40, 235), (0, 215, 255), (150, 150, 150)


def write_pictures(report: DetectionReport, folder: Path) -> list[Path]:
    """Write precision_recall.png, confusion.png and worst.png to a folder; return their paths.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{name}.png" for name in ("precision_recall", "confusion", "worst")]
        precision_recall_figure(report).savefig(paths[0])
        confusion_figure(report).savefig(paths[1])
        paths[2].write_bytes(cv2.imencode(".png", worst_sheet(report))[1].tobytes())
    except OSError as error:
        raise OutputError(f"cannot write pictures to {folder}: {error.strerror}") from None
    return paths


def precision_recall_figure(report: DetectionReport) -> Figure:
    """Precision over recall at IoU 0.5, a curve a class; a dot marks the working threshold."""
    figure = _figure(7, 5.5)
    axes = figure.add_subplot()
    for class_id, name in enumerate(report.classes):
        precision = report.average_precision.precision[0, :, class_id, 0]
        if np.isnan(precision).any():
            continue
        reached = precision > 0
        label = f"{plain(name)}: AP50 {100 * report.average_precision.mean(0.5, class_id):.1f}"
        (line,) = axes.plot(RECALLS[reached], precision[reached], label=label)
        point = report.working_point
        place = (point.recall(class_id), point.precision(class_id))
        axes.plot(*place, "o", color=line.get_color(), clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title(f"IoU >= 0.5; dots: score >= {report.working_point.score:g}", fontsize=10)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend(loc="lower left")
    return figure


def confusion_figure(report: DetectionReport) -> Figure:
    """True by detected class, counts on shares of each row."""
    counts = report.working_point.confusion
    names = [plain(name) for name in report.classes]
    side = 2.6 + 0.75 * len(counts)
    figure = _figure(side + 1, side)
    axes = figure.add_subplot()
    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    picture = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if share[row, column] > 0.55 else "black"
        axes.text(column, row, f"{count}", ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(counts)), [*names, "not found"], rotation=40, ha="right")
    axes.set_yticks(range(len(counts)), [*names, "background"])
    axes.set(xlabel="detected", ylabel="true")
    axes.set_title(f"IoU >= 0.5, score >= {report.working_point.score:g}", fontsize=10)
    figure.colorbar(picture, label="share of the row", shrink=0.8)
    return figure


def _figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches that needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def worst_sheet(report: DetectionReport) -> Image:
    """The images with the most missed and false boxes: (H, W, 3) BGR."""
    errors = np.array([m.missed.sum() + m.false.sum() for m in report.working_point.images])
    worst = [int(i) for i in np.argsort(-errors, kind="stable")[:_WORST] if errors[i]]
    tiles = [_tile(report, index) for index in worst] or [_caption("no errors")]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % min(_COLUMNS, len(tiles)))
    columns = min(_COLUMNS, len(tiles))
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    legend = "green right, red false, yellow missed, grey to ignore or not labelled here"
    head = _caption(legend, rows[0].shape[1])
    return np.vstack([head, *rows])


def _tile(report: DetectionReport, index: int) -> Image:
    truth, found = report.data[index], report.found[index]
    matches = report.working_point.images[index]
    picture = load_image(truth.path)
    height, width = picture.shape[:2]
    scale = min(_TILE[0] / width, _TILE[1] / height)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.full((_TILE[1], _TILE[0], 3), 255, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    used = found.score >= report.working_point.score
    passed = used & ~matches.right & ~matches.false
    for boxes, colour, thickness in (
        (truth.xyxy[truth.ignore], _PASSED, 1),
        (found.xyxy[passed], _PASSED, 1),
        (found.xyxy[matches.right], _RIGHT, 1),
        (found.xyxy[matches.false], _FALSE, 2),
        (truth.xyxy[matches.missed], _MISSED, 2),
    ):
        for left, top, right, bottom in np.rint(boxes * scale).astype(int).tolist():
            cv2.rectangle(canvas, (left, top), (right, bottom), colour, thickness)
    for (left, top), text, colour in _words(report, index):
        _write(canvas, text, (int(left * scale), max(10, int(top * scale) - 3)), colour, 0.4)
    missed, false = matches.missed.sum(), matches.false.sum()
    return np.vstack([_caption(f"{truth.name[-48:]}: {missed} missed, {false} false"), canvas])


def _words(
    report: DetectionReport, index: int
) -> Iterator[tuple[NDArray[np.float32], str, tuple[int, int, int]]]:
    """What to write at which corner of the picture: the class of every error."""
    truth, found = report.data[index], report.found[index]
    matches, names = report.working_point.images[index], report.classes.names
    for row in np.flatnonzero(matches.false):
        yield found.xyxy[row, :2], f"{names[found.class_id[row]]} {found.score[row]:.2f}", _FALSE
    for row in np.flatnonzero(matches.missed):
        yield truth.xyxy[row, :2], names[truth.class_id[row]], _MISSED


def _caption(text: str, width: int = _TILE[0]) -> Image:
    strip = np.full((24, width, 3), 255, np.uint8)
    _write(strip, text, (6, 17), (0, 0, 0), 0.5)
    return strip


def _write(
    image: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int], size: float
) -> None:
    font = cv2.FONT_HERSHEY_SIMPLEX
    if colour != (0, 0, 0):
        cv2.putText(image, text, at, font, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, text, at, font, size, colour, 1, cv2.LINE_AA)
