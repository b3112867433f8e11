from __future__ import annotations

import numpy as np

from acme_tracker.metrics.scores import score_tracks
from acme_tracker.metrics.timeline import timeline
from tests.metrics.recipes import EMPTY, crossing_traffic, make, rows

BOX = [10.0, 10.0, 50.0, 50.0]


def test_every_truth_box_tells_who_found_it_and_where_it_was_lost_or_switched() -> None:
    truth = rows([3, 4, 5, 6, 7], [1] * 5, [BOX] * 5)
    result = rows([3, 4, 6, 7], [8, 8, 9, 9], [BOX] * 4)
    told = timeline(truth, result)
    assert told.frame_index.tolist() == [3, 4, 5, 6, 7]
    assert told.truth_id.tolist() == [1] * 5
    assert told.found.tolist() == [True, True, False, True, True]
    assert told.result_id.tolist() == [8, 8, 0, 9, 9]
    assert told.switched.tolist() == [False, False, False, True, False]


def test_it_counts_the_switches_and_misses_that_clear_counts() -> None:
    truth = crossing_traffic()
    result = make("messy", truth)
    told, clear = timeline(truth, result), score_tracks(truth, result).clear
    assert clear.switches > 10
    assert told.switched.sum() == clear.switches
    assert (~told.found).sum() == clear.missed
    assert len(told) == truth.scored.sum()


def test_an_empty_result_is_one_long_gap() -> None:
    told = timeline(rows([0, 1], [1, 1], [BOX] * 2), EMPTY)
    assert not told.found.any()
    assert not np.any(told.switched)
