from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.tracking.motion import BoxMotion

BOX = np.array([[100, 100, 140, 130]], np.float32)


def glide(rate: float, seconds: float, velocity: tuple[float, float] = (60, -20)) -> BoxMotion:
    """A filter that has seen BOX glide for a while, at so many frames a second."""
    motion = BoxMotion()
    motion.add(BOX)
    for step in range(1, round(rate * seconds) + 1):
        motion.predict(1 / rate)
        motion.update([0], moved(step / rate, velocity))
    return motion


def moved(time_s: float, velocity: tuple[float, float] = (60, -20)) -> NDArray[np.float32]:
    return BOX + np.tile(np.array(velocity, np.float32) * np.float32(time_s), 2)


@pytest.mark.parametrize("rate", [1, 5, 10, 25, 60])
def test_the_velocity_is_learned_in_pixels_a_second_at_any_frame_rate(rate: float) -> None:
    motion = glide(rate, 3)
    np.testing.assert_allclose(motion.velocity, [[60, -20]], atol=2)
    motion.predict(1.0)
    assert boxes.iou(motion.xyxy, moved(4))[0, 0] > 0.9


def test_a_new_box_stays_where_it_is() -> None:
    motion = BoxMotion()
    motion.add(BOX)
    motion.predict(0.5)
    np.testing.assert_allclose(motion.xyxy, BOX, atol=1e-4)


def test_many_small_steps_equal_one_large_step_in_place_and_doubt() -> None:
    at_once, in_steps = glide(10, 1), glide(10, 1)
    at_once.predict(0.8)
    for _ in range(40):
        in_steps.predict(0.02)
    np.testing.assert_allclose(in_steps.xyxy, at_once.xyxy, atol=1e-3)
    np.testing.assert_allclose(in_steps.variance[:, :2], at_once.variance[:, :2], rtol=1e-4)


def test_doubt_grows_with_time_and_shrinks_with_measurements() -> None:
    motion = glide(10, 1)
    before = motion.variance
    motion.predict(1.0)
    lost = motion.variance
    motion.update([0], moved(2))
    assert (lost > 2 * before).all()
    assert (motion.variance < lost).all()


def test_a_vague_measurement_moves_the_box_less_than_a_sharp_one() -> None:
    shifted = BOX + np.float32(10)
    shift = {}
    for noise in (0.02, 0.5):
        motion = BoxMotion()
        motion.add(BOX)
        motion.update([0], shifted, noise)
        shift[noise] = motion.xyxy[0, 0] - BOX[0, 0]
    assert 0 < shift[0.5] < 1
    assert 8 < shift[0.02] < 10


def test_near_and_far_objects_behave_alike() -> None:
    small, large = BoxMotion(), BoxMotion()
    for motion, scale in ((small, 1), (large, 5)):
        motion.add(BOX * np.float32(scale))
        for step in range(1, 8):
            motion.predict(0.1)
            motion.update([0], (BOX + np.float32(3 * step)) * np.float32(scale))
    np.testing.assert_allclose(large.xyxy, small.xyxy * 5, rtol=1e-4)


def test_growth_carries_on_but_fades() -> None:
    motion = BoxMotion()
    motion.add(BOX)
    for step in range(1, 16):
        motion.predict(0.1)
        motion.update([0], boxes.from_centres(boxes.centres(BOX), boxes.sizes(BOX) * 1.05**step))
    seen = boxes.sizes(motion.xyxy)
    motion.predict(0.5)
    soon = boxes.sizes(motion.xyxy)
    motion.predict(60)
    assert (soon > 1.1 * seen).all()
    assert (boxes.sizes(motion.xyxy) < 3 * seen).all()


def test_rows_are_independent_and_close_up_when_one_is_removed() -> None:
    both, alone = BoxMotion(), BoxMotion()
    both.add(np.concatenate([BOX, BOX * 2]))
    alone.add(BOX * 2)
    for step in range(1, 5):
        for motion in (both, alone):
            motion.predict(0.1)
            motion.update([len(motion) - 1], BOX * 2 + np.float32(step))
    both.remove([0])
    np.testing.assert_array_equal(both.xyxy, alone.xyxy)
    np.testing.assert_array_equal(both.variance, alone.variance)
    both.remove([0])
    both.predict(1.0)
    assert both.xyxy.shape == (0, 4)


def test_a_restarted_box_is_as_good_as_new_and_the_others_do_not_notice() -> None:
    motion, fresh = glide(10, 1), BoxMotion()
    motion.add(BOX)
    other = motion.xyxy[1]
    motion.restart([0], BOX * 3)
    fresh.add(BOX * 3)
    for each in (motion, fresh):
        each.predict(0.3)
    np.testing.assert_array_equal(motion.xyxy[0], fresh.xyxy[0])
    np.testing.assert_array_equal(motion.variance[0], fresh.variance[0])
    np.testing.assert_allclose(motion.xyxy[1], other)


def test_each_box_may_have_a_noise_of_its_own() -> None:
    motion = BoxMotion()
    motion.add(np.concatenate([BOX, BOX]), [0.02, 0.2])
    motion.update([0, 1], np.concatenate([BOX, BOX]) + np.float32(10), [0.2, 0.02])
    first, second = motion.xyxy[:, 0] - BOX[0, 0]
    assert first < 1 < 9 < second


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="negative"):
        BoxMotion().predict(-0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1 / 60, 0.2, 1.0, 30.0]),
            st.tuples(*[st.floats(-5000, 5000, width=32)] * 4),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_boxes_at_any_intervals_leave_finite_boxes_and_positive_variances(
    steps: list[tuple[float, tuple[float, float, float, float]]],
) -> None:
    motion = BoxMotion()
    motion.add(np.array([steps[0][1]], np.float32))
    for dt_s, box in steps:
        motion.predict(dt_s)
        assert np.isfinite(motion.xyxy).all()
        assert (motion.variance >= 0).all()
        motion.update([0], np.array([box], np.float32))
    assert np.isfinite(motion.xyxy).all()
    assert np.isfinite(motion.velocity).all()
