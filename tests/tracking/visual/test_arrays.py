"""torch, as on a GPU, and NumPy must follow alike; here torch computes on the CPU."""

from __future__ import annotations

import numpy as np
import pytest

from acme_tracker import boxes
from acme_tracker.config import VisualTrackerSettings
from acme_tracker.datatypes import Followed
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.arrays import NUMPY, Arrays, TorchArrays
from acme_tracker.tracking.visual.batched import BatchedEngine
from acme_tracker.tracking.visual.correlation import Filters, peak
from acme_tracker.tracking.visual.patches import Pyramid, square_grid
from acme_tracker.tracking.visual.registry import open_visual_tracker, visual_tracker_names
from acme_tracker.tracking.visual.targets import EngineTracker
from tests.fakes import moving_patches

FRAMES, TRUTH = moving_patches([(60, 60), (180, 120), (100, 160)], (2, -1), 12)
IDS = np.array([7, 3, 5])


@pytest.fixture(scope="module")
def on_torch() -> TorchArrays:
    return TorchArrays("cpu")


def test_pictures_are_read_at_the_same_places(on_torch: TorchArrays) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (480, 640), np.uint8)
    centre = np.array([[100, 100], [320, 240], [639, 20], [-900, 300]], np.float32)
    size = np.array([[8, 8], [900, 700], [60, 200], [5, 5]], np.float32)
    grid = square_grid(16)
    there = Pyramid(luma, on_torch).sample(centre, size, grid.on(on_torch))
    here = Pyramid(luma).sample(centre, size, grid)
    assert np.abs(on_torch.get(there) - here).max() < 5  # OpenCV's places are a 64th pixel off


@pytest.mark.parametrize("shape", [(32,), (16, 32)])
def test_filters_learn_and_answer_the_same(on_torch: TorchArrays, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    known, seen = rng.normal(size=(2, 5, 3, *shape)).astype(np.float32)
    shift = rng.normal(size=(3, len(shape))).astype(np.float32)

    def told(arrays: Arrays) -> list[np.ndarray]:
        filters = Filters(3, shape, 1.0, 0.1, arrays)
        filters.extend(5)
        filters.restart(slice(None), filters.spectrum(arrays.put(known)))
        rows = arrays.put(np.array([0, 2, 3]))
        filters.learn(rows, filters.spectrum(arrays.put(seen[[0, 2, 3]])), arrays.put(shift))
        filters.keep(arrays.put(np.array([1, 2, 4])))
        answer = filters.answer(slice(None), filters.spectrum(arrays.put(known[[1, 2, 4]])))
        return [arrays.get(one) for one in (answer, *peak(answer, arrays))]

    for here, there in zip(told(NUMPY), told(on_torch), strict=True):
        np.testing.assert_allclose(there, here, atol=2e-4)


def told_of_all(tracker: EngineTracker) -> list[Followed]:
    """A life of targets: started, followed, corrected, stopped, joined by others."""
    tracker.start(FRAMES[0], IDS, TRUTH[0])
    told = [tracker.update(frame) for frame in FRAMES[1:4]]
    tracker.refresh(FRAMES[3], IDS[1:2], TRUTH[3][1:2])
    told += [tracker.update(FRAMES[4])]
    tracker.stop(IDS[:1])
    told += [tracker.update(FRAMES[5])]
    tracker.start(FRAMES[5], np.array([9]), TRUTH[5][:1])
    told += [tracker.update(frame) for frame in FRAMES[6:]]
    small = Frame.of_image(FRAMES[0].image[:100, :100], len(FRAMES), 1.0)
    return [*told, tracker.update(small)]


def test_targets_are_followed_to_the_same_places(on_torch: TorchArrays) -> None:
    here, there = (
        told_of_all(EngineTracker(BatchedEngine(arrays))) for arrays in (NUMPY, on_torch)
    )
    assert len(here) == len(FRAMES)
    for one, other in zip(here, there, strict=True):
        assert one.target_id.tolist() == other.target_id.tolist()
        assert one.ok.tolist() == other.ok.tolist()
        np.testing.assert_allclose(other.xyxy, one.xyxy, atol=0.5)
        np.testing.assert_allclose(other.quality, one.quality, atol=0.03)
    places = {target: row for row, target in enumerate(here[-2].target_id.tolist())}
    rows = [places[target] for target in (9, 3, 5)]
    overlap = np.diagonal(boxes.iou(there[-2].xyxy[rows], TRUTH[-1]))
    assert (overlap > 0.7).all()


@pytest.mark.parametrize("name", visual_tracker_names())
def test_cuda_is_for_batched_and_needs_a_gpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    wanted = VisualTrackerSettings(name=name, device="cuda")
    said = "finds no CUDA GPU" if name == "batched" else f"{name} runs on the CPU"
    with pytest.raises(ConfigError, match=said):
        open_visual_tracker(wanted)
