"""Decoding, from a file through OpenVINO, against a reference written cell by cell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import Detections
from acme_tracker.detection.onnx import open_card
from acme_tracker.detection.registry import open_detector
from tests.detection.networks import LABELS, SIZE, outputs_of, write_card

Box = tuple[float, float, float, float]
Cell = tuple[int, int, int]
LEAST = 0.4
PICTURE = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


def cells(strides: tuple[int, ...]) -> Iterator[Cell]:
    """(column, row, stride) in the order of the outputs."""
    for stride in strides:
        for row in range(math.ceil(SIZE[1] / stride)):
            for column in range(math.ceil(SIZE[0] / stride)):
                yield column, row, stride


def expected_distance(logits: NDArray[Any]) -> float:
    weights = [math.exp(v) for v in logits]
    return sum(i * w for i, w in enumerate(weights)) / sum(weights)


def around(x: float, y: float, logits: NDArray[Any], stride: int) -> Box:
    left, top, right, bottom = (
        stride * expected_distance(logits[8 * side : 8 * side + 8]) for side in range(4)
    )
    return x - left, y - top, x + right, y + bottom


def slow_yolox(outputs: list[NDArray[Any]]) -> Iterator[tuple[Box, list[float]]]:
    for (column, row, stride), raw in zip(cells((8, 16, 32)), outputs[0][0], strict=True):
        x, y = (raw[0] + column) * stride, (raw[1] + row) * stride
        w, h = math.exp(raw[2]) * stride, math.exp(raw[3]) * stride
        yield (x - w / 2, y - h / 2, x + w / 2, y + h / 2), [raw[4] * c for c in raw[5:]]


def slow_nanodet(outputs: list[NDArray[Any]]) -> Iterator[tuple[Box, list[float]]]:
    for (column, row, stride), raw in zip(cells((8, 16, 32, 64)), outputs[0][0], strict=True):
        box = around(column * stride, row * stride, raw[len(LABELS) :], stride)
        yield box, [1 / (1 + math.exp(-c)) for c in raw[: len(LABELS)]]


def slow_picodet(outputs: list[NDArray[Any]]) -> Iterator[tuple[Box, list[float]]]:
    scores = [row for output in outputs[:4] for row in output[0]]
    distances = [row for output in outputs[4:] for row in output[0]]
    for (column, row, stride), c, d in zip(cells((8, 16, 32, 64)), scores, distances, strict=True):
        yield around((column + 0.5) * stride, (row + 0.5) * stride, d, stride), list(c)


def expected(found: Iterator[tuple[Box, list[float]]]) -> list[tuple[float, int, list[float]]]:
    """(score, label, box cut to the picture) of those that count, best first."""
    kept = []
    for box, scores in found:
        label = max(range(len(scores)), key=scores.__getitem__)
        width, height = SIZE
        cut = [min(max(v, 0), side) for v, side in zip(box, (width, height) * 2, strict=True)]
        if scores[label] >= LEAST and cut[2] > cut[0] and cut[3] > cut[1]:
            kept.append((float(scores[label]), label, cut))
    return sorted(kept, key=lambda one: -one[0])


def detect(card: Path, *classes: str, score: float = LEAST) -> Detections:
    settings = DetectorSettings(name=str(card), score=score, classes=classes, device="cpu")
    return open_detector(settings).detect([PICTURE])[0]


@pytest.mark.parametrize(
    ("family", "slow"),
    [("yolox", slow_yolox), ("nanodet-plus", slow_nanodet), ("picodet", slow_picodet)],
)
def test_boxes_are_those_of_the_slow_reference(family: str, slow: Any, tmp_path: Path) -> None:
    found = detect(write_card(tmp_path, family), *LABELS)
    wanted = expected(slow(outputs_of(family)))
    assert len(wanted) > 5
    np.testing.assert_allclose(found.score, [one[0] for one in wanted], rtol=1e-5)
    np.testing.assert_allclose(found.xyxy, [one[2] for one in wanted], rtol=1e-4, atol=1e-3)
    assert found.class_id.tolist() == [one[1] for one in wanted]
    assert found.class_scores is not None
    np.testing.assert_allclose(found.class_scores.max(axis=1), found.score, rtol=1e-6)
    assert (found.class_scores.argmax(axis=1) == found.class_id).all()


def test_finished_boxes_keep_their_order_of_score_and_lose_the_weak(tmp_path: Path) -> None:
    found = detect(write_card(tmp_path, "boxes-labels"), *LABELS)
    raw = outputs_of("boxes-labels")[0]
    np.testing.assert_allclose(found.xyxy, raw[[0, 3, 2, 4], :4])
    np.testing.assert_allclose(found.score, raw[[0, 3, 2, 4], 4])
    assert found.class_id.tolist() == [0, 3, 2, 1]
    assert found.class_scores is None


def test_boxes_are_scaled_from_the_input_to_the_picture(tmp_path: Path) -> None:
    detector = open_card(write_card(tmp_path, "boxes-labels"), DetectorSettings(score=0.2))
    same, wider = detector.detect([PICTURE, np.zeros((SIZE[1], 3 * SIZE[0], 3), np.uint8)])
    np.testing.assert_allclose(wider.xyxy, same.xyxy * [3, 1, 3, 1], rtol=1e-6)


def test_onnx_runtime_gives_what_openvino_gives(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from acme_tracker.detection.runtime import OnnxRuntimeNetwork, OpenVinoNetwork

    write_card(tmp_path, "picodet")
    blob = np.ones((1, 3, SIZE[1], SIZE[0]), np.float32)
    ort = OnnxRuntimeNetwork(tmp_path / "picodet.onnx", ["CPUExecutionProvider"])
    ov = OpenVinoNetwork(tmp_path / "picodet.onnx", threads=1)
    assert (ort.input_shape, ort.output_shapes) == (ov.input_shape, ov.output_shapes)
    for one, other in zip(ort(blob), ov(blob), strict=True):
        np.testing.assert_array_equal(one, other)
