"""What every detector does: one suite over all kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import ROAD_USERS
from acme_tracker.detection.registry import open_detector
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector
from tests.detection.models import write_model, write_weights
from tests.detection.networks import write_card
from tests.fakes import moving_patches, textured_scene

CARDS = ("yolox", "nanodet-plus", "picodet", "boxes-labels")
KINDS = ("ssdlite", "faster-rcnn", "motion", *CARDS, "model", "run")
TORCH = {
    "ssdlite": "ssdlite320_mobilenet_v3_large",
    "faster-rcnn": "fasterrcnn_mobilenet_v3_large_320_fpn",
}
Make = Callable[[], Detector]


@pytest.fixture(scope="module", params=KINDS)
def make(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    random_weights: dict[str, Path],
) -> Make:
    kind = str(request.param)
    weights = None
    if kind == "motion":
        name = kind
    elif kind in TORCH:
        name, weights = f"torchvision:{TORCH[kind]}", random_weights[TORCH[kind]]
    elif kind == "model":
        name = str(write_model(tmp_path_factory.mktemp(kind)))
    elif kind == "run":
        name = str(write_weights(tmp_path_factory.mktemp(kind) / "best.safetensors"))
    else:
        name = str(write_card(tmp_path_factory.mktemp(kind), kind))
    settings = DetectorSettings(name=name, weights=weights, device="cpu", score=0.01, threads=1)
    return lambda: open_detector(settings)


@pytest.fixture(scope="module")
def detector(make: Make) -> Detector:
    return make()


def clip() -> list[Image]:
    return [frame.image for frame in moving_patches([(20, 30), (200, 150)], (5, 2), 13)[0]]


def test_no_pictures_give_no_answers(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_each_picture_of_a_mixed_batch_gets_its_own_answer(detector: Detector) -> None:
    sizes = ((320, 240), (96, 96), (640, 360), (16, 200), (3, 2))
    images = [textured_scene((max(w, 8), max(h, 8)))[:h, :w] for w, h in sizes]
    found = detector.detect(images)
    assert len(found) == len(images)
    for one, (width, height) in zip(found, sizes, strict=True):
        assert (one.xyxy >= 0).all()
        assert (one.xyxy <= [width, height, width, height]).all()
        assert (one.xyxy[:, 2:] > one.xyxy[:, :2]).all()


def test_boxes_come_best_first_with_scores_and_classes_of_the_run(make: Make) -> None:
    detector, found = make(), []
    for image in clip():
        found += detector.detect([image])
    assert sum(map(len, found)) > 0
    for one in found:
        assert (np.diff(one.score) <= 0).all()
        assert ((one.score >= 0.01) & (one.score <= 1)).all()
        assert ((one.class_id >= 0) & (one.class_id < len(detector.classes))).all()
        if one.class_scores is not None:
            assert one.class_scores.shape == (len(one), len(detector.classes))


def test_the_classes_are_road_users(detector: Detector) -> None:
    assert len(detector.classes)
    assert set(detector.classes) <= {*ROAD_USERS, "moving"}


def test_two_runs_over_the_same_pictures_agree_to_the_bit(make: Make) -> None:
    def run() -> list[bytes]:
        detector = make()
        found = [detector.detect([image])[0] for image in clip()]
        return [one.xyxy.tobytes() + one.score.tobytes() for one in found]

    assert run() == run()


def test_pictures_are_left_as_they_were(detector: Detector) -> None:
    image = textured_scene()
    before = image.copy()
    detector.detect([image])
    assert (image == before).all()


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((40, 60), "uint8"), ((40, 60, 4), "uint8"), ((0, 60, 3), "uint8"), ((40, 60, 3), "float32")],
)
def test_anything_but_a_colour_picture_is_refused_with_its_shape(
    detector: Detector, shape: tuple[int, ...], dtype: str
) -> None:
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) uint8, got \("):
        detector.detect([np.zeros(shape, dtype)])
