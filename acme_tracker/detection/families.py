"""Families of networks: which outputs each has and how boxes are read from them.

A family is made for one input size and number of labels, says what shapes it wants and decodes one
picture's outputs to boxes in pixels of the network's input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from acme_tracker.datatypes import Floats
from acme_tracker.detection.selection import Candidates

Shape = tuple[int | None, ...]  # None: any length
FamilyName = Literal["yolox", "nanodet-plus", "picodet", "boxes-labels"]

_BINS = 8  # of the distance distributions of NanoDet-Plus and PicoDet


class Family(Protocol):
    """Reads boxes from a network's outputs."""

    output_shapes: list[Shape]

    def decode(self, outputs: Sequence[Floats], least: float) -> Candidates:
        """One picture's candidates of score `least` and more."""
        ...


class Yolox:
    """YOLOX: centre as offset from the cell, exponential size, objectness times class."""

    def __init__(self, size: tuple[int, int], labels: int) -> None:
        self._cells, self._strides = _cells(size, (8, 16, 32))
        self.output_shapes: list[Shape] = [(1, len(self._cells), 5 + labels)]

    def decode(self, outputs: Sequence[Floats], least: float) -> Candidates:
        rows = np.flatnonzero(outputs[0][0, :, 4] >= least)  # no class can lift a low objectness
        raw, stride = outputs[0][0, rows], self._strides[rows]
        centre = (raw[:, :2] + self._cells[rows]) * stride
        half = np.exp(np.minimum(raw[:, 2:4], 20)) * stride / 2
        xyxy = np.concatenate([centre - half, centre + half], axis=1)
        return _best(xyxy, raw[:, 5:] * raw[:, 4:5], least)


class NanoDetPlus:
    """NanoDet-Plus: class logits and four distance distributions from the cell's corner."""

    def __init__(self, size: tuple[int, int], labels: int) -> None:
        cells, self._strides = _cells(size, (8, 16, 32, 64))
        self._centres = cells * self._strides
        self._labels = labels
        self.output_shapes: list[Shape] = [(1, len(cells), labels + 4 * _BINS)]

    def decode(self, outputs: Sequence[Floats], least: float) -> Candidates:
        logits = outputs[0][0, :, : self._labels]
        rows = np.flatnonzero(logits.max(axis=1) >= _logit(least))
        distances = outputs[0][0, rows, self._labels :]
        xyxy = _around(self._centres[rows], distances, self._strides[rows])
        scores = 1 / (1 + np.exp(-logits[rows]))
        return _best(xyxy, scores.astype(np.float32), least)


class PicoDet:
    """PicoDet: a class and a distance map a stride, from the cell's middle."""

    def __init__(self, size: tuple[int, int], labels: int) -> None:
        strides = (8, 16, 32, 64)
        cells, self._strides = _cells(size, strides)
        self._centres = (cells + np.float32(0.5)) * self._strides
        lengths = [int(np.count_nonzero(self._strides == stride)) for stride in strides]
        self.output_shapes: list[Shape] = [
            (1, length, width) for width in (labels, 4 * _BINS) for length in lengths
        ]

    def decode(self, outputs: Sequence[Floats], least: float) -> Candidates:
        scores = np.concatenate([map_[0] for map_ in outputs[:4]])
        rows = np.flatnonzero(scores.max(axis=1) >= least)
        distances = np.concatenate([map_[0] for map_ in outputs[4:]])[rows]
        xyxy = _around(self._centres[rows], distances, self._strides[rows])
        return _best(xyxy, scores[rows], least)


class BoxesLabels:
    """Finished boxes with their scores (N, 5) and labels (N,), suppression included."""

    def __init__(self, size: tuple[int, int], labels: int) -> None:  # noqa: ARG002
        self._labels = labels
        self.output_shapes: list[Shape] = [(None, 5), (None,)]

    def decode(self, outputs: Sequence[Floats], least: float) -> Candidates:
        label = outputs[1].astype(np.int64)
        known = (outputs[0][:, 4] >= least) & (label >= 0) & (label < self._labels)
        found = outputs[0][known]
        return Candidates(found[:, :4], found[:, 4], label[known])


FAMILIES: dict[FamilyName, Callable[[tuple[int, int], int], Family]] = {
    "yolox": Yolox,
    "nanodet-plus": NanoDetPlus,
    "picodet": PicoDet,
    "boxes-labels": BoxesLabels,
}


def _cells(size: tuple[int, int], strides: Sequence[int]) -> tuple[Floats, Floats]:
    """Column and row (A, 2) and stride (A, 1) of every cell of an input (width, height)."""
    cells, steps = [], []
    for stride in strides:
        columns, rows = (-(-side // stride) for side in size)
        y, x = np.divmod(np.arange(rows * columns), columns)
        cells.append(np.stack([x, y], axis=1))
        steps.append(np.full((rows * columns, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)


def _around(centres: Floats, distributions: Floats, strides: Floats) -> Floats:
    """Boxes (N, 4) from the expected distance of each side, distributions as logits (N, 4 * 8)."""
    logits = distributions.reshape(-1, 4, _BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    expected = weights @ np.arange(_BINS, dtype=np.float32) / weights.sum(axis=2)
    distances = expected * strides  # (N, 4) left, top, right, bottom
    return np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)


def _best(xyxy: Floats, scores: Floats, least: float) -> Candidates:
    label = scores.argmax(axis=1)
    score = scores[np.arange(len(scores)), label]
    found = Candidates(xyxy, score, label.astype(np.int64), scores)
    return found.take(score >= least)


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(bounded / (1 - bounded)))
