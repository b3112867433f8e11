from __future__ import annotations

import math

import numpy as np
import pytest

from acme_tracker.metrics.confidence import auroc, reliability


def test_auroc_is_the_share_of_pairs_that_quality_puts_right() -> None:
    random = np.random.default_rng(0)
    quality = random.integers(0, 6, 60).astype(np.float32)  # many ties, which count half
    right = random.random(60) < 0.3 + 0.1 * quality
    pairs = [
        (good > bad) + 0.5 * (good == bad) for good in quality[right] for bad in quality[~right]
    ]
    assert auroc(quality, right) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("right", [[True, True], [False, False], []])
def test_auroc_of_one_kind_alone_is_not_a_number(right: list[bool]) -> None:
    assert math.isnan(auroc(np.arange(len(right), dtype=np.float32), np.array(right, bool)))


def test_reliability_compares_each_bin_with_its_share() -> None:
    confidence = np.array([0.1, 0.14, 0.5, 0.58, 1.0, 1.0], np.float32)
    right = np.array([False, False, True, False, True, True])
    told = reliability(confidence, right)
    np.testing.assert_allclose(told.confidence, [0.12, 0.54, 1.0], rtol=1e-6)
    np.testing.assert_allclose(told.right, [0, 0.5, 1])
    assert told.count.tolist() == [2, 2, 2]
    assert told.error == pytest.approx((0.12 + 0.04 + 0) / 3)


def test_reliability_of_nothing_has_no_bins_and_no_error() -> None:
    told = reliability(np.empty(0, np.float32), np.empty(0, bool))
    assert len(told.count) == 0
    assert math.isnan(told.error)
