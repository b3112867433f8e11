"""The shipped cards on real footage, where their weights lie beside the checkout."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from acme_tracker import boxes
from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import Boxes, Detections
from acme_tracker.detection.cards import Card, load_card
from acme_tracker.detection.registry import open_detector, shipped_cards
from acme_tracker.errors import DetectorError
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector

SHARED = Path(__file__).parents[3] / "shared"
SEQUENCE = SHARED / "data" / "tracking" / "wet_10fps_aditganteng"
SCORED_BELOW_PX = 300  # vehicles further up are too far away to be labelled
CARDS = ("nanodet-plus-384x640", "nanodet-plus-640", "picodet-s", "yolox-nano")
ALL_CARDS = (*CARDS, "person-vehicle-bike-2003", "person-vehicle-bike-2004")

pytestmark = pytest.mark.skipif(
    not (SEQUENCE.is_dir() and (SHARED / "weights").is_dir()),
    reason="needs ../shared: others' footage and weights",
)


@pytest.fixture(scope="module")
def frames() -> dict[int, Image]:
    """Six frames of a real sequence by their index."""
    import av

    with av.open(str(SEQUENCE / "video.mp4")) as container:
        return {
            index: np.asarray(frame.to_ndarray(format="bgr24"))
            for index, frame in enumerate(islice(container.decode(video=0), 251))
            if index % 50 == 0
        }


def truth(index: int) -> tuple[Boxes, Boxes]:
    """Vehicles to find on a frame, and those that may be found."""
    rows = np.loadtxt(SEQUENCE / "gt" / "gt.txt", delimiter=",")
    rows = rows[rows[:, 0] == index + 1]
    xyxy = boxes.from_ltwh(rows[:, 2:6].astype(np.float32))
    scored = (rows[:, 6] == 1) & (boxes.centres(xyxy)[:, 1] >= SCORED_BELOW_PX)
    return xyxy[scored], xyxy[~scored]


@cache
def opened(name: str, score: float | None) -> Detector:
    return open_detector(
        DetectorSettings(name=name, classes=("vehicle",), device="cpu", score=score, threads=1)
    )


def vehicles(name: str, images: list[Image], score: float | None = None) -> list[Detections]:
    return opened(name, score).detect(images)


@pytest.mark.parametrize(
    ("name", "recall", "precision"),
    [
        ("person-vehicle-bike-2003", 0.8, 0.85),
        ("person-vehicle-bike-2004", 0.8, 0.8),
        ("nanodet-plus-640", 0.6, 0.75),
        ("nanodet-plus-384x640", 0.6, 0.75),
        ("picodet-s", 0.6, 0.75),
        ("yolox-nano", 0.55, 0.75),
    ],
)
def test_most_vehicles_are_found_and_most_finds_are_vehicles(
    name: str, recall: float, precision: float, frames: dict[int, Image]
) -> None:
    found_truth = all_truth = right = wrong = 0
    for index, found in zip(frames, vehicles(name, list(frames.values())), strict=True):
        wanted, allowed = truth(index)
        low = found.xyxy[boxes.centres(found.xyxy)[:, 1] >= SCORED_BELOW_PX]
        matches = boxes.iou(wanted, low) >= 0.5
        found_truth += int(matches.any(axis=1).sum())
        all_truth += len(wanted)
        right += int(matches.any(axis=0).sum())
        free = (boxes.coverage(low, allowed) >= 0.5).any(axis=1)
        wrong += int((~matches.any(axis=0) & ~free).sum())
    assert all_truth > 20
    assert found_truth / all_truth >= recall
    assert right / (right + wrong) >= precision


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(None), slice(None)),
        (slice(240, 640), slice(None)),
        (slice(120, None), slice(300, 760)),
    ],
    ids=["5:4", "2:1", "upright"],
)
def test_models_agree_where_a_vehicle_is_whatever_the_pictures_shape(
    name: str, rows: slice, columns: slice, frames: dict[int, Image]
) -> None:
    images = [image[rows, columns] for image in list(frames.values())[::2]]
    agreed = compared = 0
    teacher = vehicles("person-vehicle-bike-2003", images, 0.5)
    for sure, other in zip(teacher, vehicles(name, images, 0.2), strict=True):
        large = sure.xyxy[boxes.areas(sure.xyxy) > 60 * 60]
        compared += len(large)
        agreed += int((boxes.iou(large, other.xyxy) > 0.6).any(axis=1).sum())
    assert compared >= 5
    assert agreed >= 0.8 * compared


def test_the_2003_model_knows_vehicles_persons_and_bikes() -> None:
    name = "person-vehicle-bike-2003"
    assert open_detector(DetectorSettings(name=name, device="cpu")).classes.names == (
        "person",
        "vehicle",
        "bike",
    )


@pytest.mark.parametrize("name", ALL_CARDS)
def test_cut_weights_are_one_line_that_names_the_file(name: str, tmp_path: Path) -> None:
    card = load_card(shipped_cards()[name])
    assert isinstance(card, Card)
    cut = tmp_path / f"cut{card.weights.suffix}"
    whole = card.weights.read_bytes()
    if cut.suffix == ".xml":
        cut.write_bytes(whole)
        cut = cut.with_suffix(".bin")
        whole = card.weights.with_suffix(".bin").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    given = tmp_path / f"cut{card.weights.suffix}"
    with pytest.raises(DetectorError, match=r"weights file .*cut") as caught:
        open_detector(DetectorSettings(name=name, weights=given, device="cpu"))
    assert "\n" not in str(caught.value)
