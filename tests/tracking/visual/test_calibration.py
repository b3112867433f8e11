from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.tracking.visual.calibration import BATCHED, DLIB, FLOW, LogisticCalibration


@pytest.mark.parametrize("curve", [BATCHED, DLIB, FLOW])
def test_confidence_rises_with_quality_and_stays_a_probability(curve: LogisticCalibration) -> None:
    confidence = curve(np.linspace(-1e6, 1e6, 1001, dtype=np.float32))
    near = curve(np.linspace(0, 3 * curve.midpoint, 50, dtype=np.float32))
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert (np.diff(near) > 0).all()
    assert curve(np.zeros(1, np.float32))[0] < 0.5  # the quality of a target given up


def test_an_unknown_quality_has_an_unknown_confidence() -> None:
    assert np.isnan(DLIB(np.array([np.nan], np.float32))).all()


def test_fitting_finds_the_curve_that_made_the_sample() -> None:
    random = np.random.default_rng(0)
    truth = LogisticCalibration(midpoint=7, slope=0.8)
    quality = random.uniform(0, 20, 20_000).astype(np.float32)
    right = random.random(len(quality)) < truth(quality)
    quality[:50] = np.nan
    fitted = LogisticCalibration.fit(quality, right)
    assert fitted.midpoint == pytest.approx(7, abs=0.2)
    assert fitted.slope == pytest.approx(0.8, rel=0.1)


def test_qualities_that_separate_perfectly_still_give_a_finite_curve() -> None:
    quality = np.array([1, 2, 3, 11, 12, 13], np.float32)
    fitted = LogisticCalibration.fit(quality, quality > 5)
    assert 3 < fitted.midpoint < 11
    assert np.isfinite(fitted.slope)


def test_a_sample_that_teaches_nothing_is_refused() -> None:
    quality = np.array([1, 2, 3, 4], np.float32)
    with pytest.raises(ValueError, match="boxes that were not"):
        LogisticCalibration.fit(quality, quality > 0)
    with pytest.raises(ValueError, match="does not rise"):
        LogisticCalibration.fit(quality, quality < 2.5)
