from __future__ import annotations

import sys

import numpy as np
import pytest

from acme_tracker.errors import ConfigError
from acme_tracker.tracking.visual.dlib import dlib_tracker
from tests.fakes import moving_patches
from tests.tracking.visual.test_contract import EMPTY_FRAMES, FRAMES, IDS, START, follow

pytest.importorskip("dlib")


def test_the_box_keeps_its_size_because_edges_are_converted_both_ways() -> None:
    frames, truth = moving_patches([(60.5, 60)], (3, 2), 30)
    tracker = dlib_tracker()
    tracker.start(frames[0], IDS[:1], truth[0])
    for frame in frames[1:]:
        followed = tracker.update(frame)
    # Read and written as exclusive edges the box ends 2 px too wide and 0.5 px off.
    np.testing.assert_allclose(followed.xyxy, truth[-1], atol=0.6)


def test_quality_climbs_back_after_a_target_vanished_so_a_low_reading_must_be_kept() -> None:
    tracker = dlib_tracker()
    on_target = follow(tracker).quality
    after = np.array([tracker.update(frame).quality for frame in EMPTY_FRAMES])
    assert (after[:3].min(axis=0) < on_target / 2).all()
    assert (after[-1] > 1.5 * after[:3].min(axis=0)).all()


def test_a_box_outside_gives_quality_0_and_not_nan() -> None:
    tracker = dlib_tracker()
    tracker.start(FRAMES[0], IDS[:1], START[:1] + np.float32(1000))
    followed = tracker.update(FRAMES[1])
    assert followed.quality.tolist() == [0]
    assert not followed.ok.any()


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(ConfigError, match="pip install dlib-bin"):
        dlib_tracker()
