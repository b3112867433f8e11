from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker.tracking.visual.correlation import Filters, peak

Floats = NDArray[np.float32]
SHAPES = [(32,), (16, 32)]
EVERYONE = slice(None)


def signals(count: int, shape: tuple[int, ...], seed: int = 0) -> Floats:
    """(count, 2, *shape)"""
    return np.random.default_rng(seed).normal(size=(count, 2, *shape)).astype(np.float32)


def taught(signal: Floats, sigma: float = 1.0, rate: float = 0.1) -> Filters:
    filters = Filters(signal.shape[1], signal.shape[2:], sigma, rate)
    filters.extend(len(signal))
    filters.restart(EVERYONE, filters.spectrum(signal))
    return filters


@pytest.mark.parametrize("shape", SHAPES)
def test_each_filter_answers_a_bump_where_its_own_signal_went(shape: tuple[int, ...]) -> None:
    known = signals(3, shape)
    filters = taught(known)
    shift = np.array([[3, -5], [0, 0], [-7, 10]])[:, -len(shape) :]
    axes = tuple(range(1, 1 + len(shape)))
    moved = np.stack([np.roll(s, d, axes) for s, d in zip(known, shift, strict=True)])
    answer = filters.answer(EVERYONE, filters.spectrum(moved))
    found, top = peak(answer)
    np.testing.assert_allclose(found, shift, atol=0.05)
    np.testing.assert_allclose(top, 1, atol=0.1)
    _, low = peak(filters.answer(EVERYONE, filters.spectrum(signals(3, shape, seed=9))))
    assert (low < 0.7 * top).all()


def test_the_peak_is_found_between_samples() -> None:
    row = np.arange(32, dtype=np.float32)
    for off in (-0.4, 0.0, 0.3):
        answer = np.exp(-((row - 9 - off) ** 2) / 8)[None]
        assert peak(answer)[0][0, 0] == pytest.approx(9 + off, abs=0.02)
    assert peak(np.roll(answer, 20, axis=1))[0][0, 0] == pytest.approx(29.3 - 32, abs=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_learning_a_moved_sight_is_learning_it_where_it_came_from(shape: tuple[int, ...]) -> None:
    known, other = signals(2, shape), signals(2, shape, seed=1)
    still, moving = taught(known), taught(known)
    shift = np.full((2, len(shape)), 4, np.float32)
    moved = np.roll(other, 4, axis=tuple(range(2, 2 + len(shape))))
    still.learn(EVERYONE, still.spectrum(other), np.zeros_like(shift))
    moving.learn(EVERYONE, moving.spectrum(moved), shift)
    answers = [filters.answer(EVERYONE, filters.spectrum(known)) for filters in (still, moving)]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-4)


def test_some_rows_learn_and_answer_as_all_would() -> None:
    known, seen = signals(4, (32,)), signals(4, (32,), seed=2)
    shift = np.zeros((4, 1), np.float32)
    everyone, some = taught(known), taught(known)
    rows = np.array([3, 1])
    everyone.learn(EVERYONE, everyone.spectrum(seen), shift)
    some.learn(rows, some.spectrum(seen[rows]), shift[rows])
    spectrum = everyone.spectrum(known)
    expected = everyone.answer(EVERYONE, spectrum)
    np.testing.assert_array_equal(some.answer(rows, spectrum[rows]), expected[rows])
    some.keep(np.array([1, 3]))
    left = np.array([1, 3])
    np.testing.assert_array_equal(some.answer(EVERYONE, spectrum[left]), expected[left])


def test_nothing_to_see_answers_nothing() -> None:
    plain = np.zeros((1, 2, 16, 16), np.float32)
    filters = taught(plain)
    assert (filters.answer(EVERYONE, filters.spectrum(plain)) == 0).all()
