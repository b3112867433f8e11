"""Pictures of a run: curves of its figures, sheets of what it sees and of what it finds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker.datasets import load_image
from acme_tracker.datatypes import Boxes
from acme_tracker.figures import plain
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector
from acme_tracker.training.data import TrainingData
from acme_tracker.training.labels import LabelRules
from acme_tracker.training.run_folder import Row
from acme_tracker.training.samples import Batch

_TILE = (640, 384)  # (width, height)
_COLUMNS = 3
_SHOWN = 12
_SHOWN_SCORE = 0.3
_GREY, _TRUE = (150, 150, 150), (255, 255, 255)
_COLOURS = ((80, 220, 80), (60, 160, 255), (255, 170, 60), (210, 90, 230), (60, 230, 230))

Colour = tuple[int, int, int]


def draw_curves(rows: Sequence[Row], path: Path) -> None:
    """Loss, AP or accuracy, and learning rate by epoch, as a PNG; without what nothing measured."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    figure = Figure(figsize=(14, 3.8), dpi=110, layout="constrained")
    panels: Any = figure.subplots(1, 3)
    measured = [name for row in rows for name, value in row.items() if not math.isnan(value)]
    known = list(dict.fromkeys(measured))
    found = [name for name in known if name.startswith(("AP", "accuracy"))]
    losses = [name for name in known if name.startswith("loss")]
    columns = (losses, found, ["learning_rate"])
    titles = ("loss", f"{found[0] if found else 'AP'}, %", "learning rate")
    colours = colormaps["tab20"].colors  # type: ignore[attr-defined]
    for axes, names, title in zip(panels, columns, titles, strict=True):
        for number, name in enumerate(names):
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            wide = 2.2 if name == "AP" else 1.2
            colour = colours[(2 * number + number // 10) % 20]  # the strong ones first
            axes.plot(
                *zip(*points, strict=True),
                ".-",
                label=plain(name),
                color=colour,
                linewidth=wide,
                markersize=3,
            )
        axes.set(xlabel="epoch", title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if len(names) > 1:
            axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    panels[0].set_yscale("log")
    panels[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panels[0].yaxis.set_major_formatter("{x:g}")
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    figure.savefig(path, format="png")


def batch_sheet(batch: Batch, rules: LabelRules) -> Image:
    """Training samples as the network sees them; boxes to ignore are grey, mosaics have lines."""
    tiles = []
    targets = batch.targets
    for number in range(min(_SHOWN, len(batch.images))):
        image = np.ascontiguousarray(batch.images[number].permute(1, 2, 0).numpy()[..., ::-1])
        parts = targets.tile_xyxy[targets.tile_image == number].numpy()
        hidden = targets.ignore_xyxy[targets.ignore_image == number].numpy()
        mine = targets.image == number
        label = _labels_of(targets.positive[mine].numpy(), rules)
        _draw(image, parts, [_TRUE] * len(parts), [""] * len(parts))
        _draw(image, hidden, [_GREY] * len(hidden), [""] * len(hidden))
        names = [rules.outputs.names[i] for i in label]
        _draw(image, targets.xyxy[mine].numpy(), [_colour(i) for i in label], names)
        tiles.append(_fitted(image))
    return _sheet(tiles)


def prediction_sheet(detector: Detector, data: TrainingData) -> Image:
    """Images spread over the validation data: what is there, thin and white, and what is found."""
    count = min(_SHOWN, len(data.validation))
    chosen = np.unique(np.linspace(0, len(data.validation) - 1, count).astype(int))
    tiles = []
    for truth in (data.validation[int(index)] for index in chosen):
        image = load_image(truth.path)
        (found,) = detector.detect([image])
        found = found[found.score >= _SHOWN_SCORE]
        scale = np.array([_TILE[0] / image.shape[1], _TILE[1] / image.shape[0]] * 2, np.float32)
        tile = _fitted(image)
        colours = [_GREY if ignore else _TRUE for ignore in truth.ignore]
        _draw(tile, truth.xyxy * scale, colours, [""] * len(colours))
        words = [
            f"{detector.classes.names[c]} {s:.2f}"
            for c, s in zip(found.class_id, found.score, strict=True)
        ]
        _draw(tile, found.xyxy * scale, [_colour(int(c)) for c in found.class_id], words)
        tiles.append(tile)
    return _sheet(tiles)


def encoded(sheet: Image) -> bytes:
    """The bytes of a JPEG file."""
    return bytes(cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())


def _labels_of(positive: NDArray[np.float32], rules: LabelRules) -> list[int]:
    """The label that makes these outputs 1: a plain class before its super-class."""
    return [int(np.flatnonzero((rules.positive == row.astype(bool)).all(1))[0]) for row in positive]


def _draw(image: Image, xyxy: Boxes, colours: Sequence[Colour], words: Sequence[str]) -> None:
    for box, colour, word in zip(xyxy, colours, words, strict=True):
        left, top, right, bottom = np.clip(np.rint(box), -9999, 9999).astype(int).tolist()
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), colour, 1)
        place = (max(left, 0) + 1, max(top - 2, 8))
        for shade, width in (((0, 0, 0), 2), (colour, 1)):
            cv2.putText(
                image, word, place, cv2.FONT_HERSHEY_SIMPLEX, 0.35, shade, width, cv2.LINE_AA
            )


def _colour(number: int) -> Colour:
    return _COLOURS[number % len(_COLOURS)]


def _fitted(image: Image) -> Image:
    return np.asarray(cv2.resize(image, _TILE, interpolation=cv2.INTER_AREA), np.uint8)


def _sheet(tiles: list[Image]) -> Image:
    blanks = [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack((tiles + blanks)[i : i + _COLUMNS]) for i in range(0, len(tiles), _COLUMNS)]
    return np.vstack(rows)
