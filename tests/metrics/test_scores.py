from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_tracker.errors import DatasetError
from acme_tracker.metrics import overlaps as overlaps_module
from acme_tracker.metrics.overlaps import find_overlaps, paired_iou
from acme_tracker.metrics.scores import score_class, score_tracks, total
from tests.metrics.recipes import EMPTY, crossing_traffic, make, rows

BOX = [10.0, 10.0, 50.0, 50.0]
ELSEWHERE = [200.0, 200.0, 240.0, 240.0]
FAR_AWAY = [300.0, 300.0, 340.0, 340.0]


def test_a_copy_of_the_truth_is_perfect() -> None:
    truth = rows([0, 1, 2], [1, 1, 1], [BOX] * 3)
    figures = score_tracks(truth, truth).figures()
    ratios = ("HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "IDF1", "IDP", "IDR")
    assert {name: figures[name] for name in ratios} == pytest.approx(dict.fromkeys(ratios, 100))
    assert (figures["IDSW"], figures["Frag"], figures["MT"], figures["FP"]) == (0, 0, 1, 0)


def test_an_empty_result_misses_everything() -> None:
    figures = score_tracks(rows([0, 1], [1, 1], [BOX] * 2), EMPTY).figures()
    assert (figures["FN"], figures["FP"], figures["ML"]) == (2, 0, 1)
    assert figures["HOTA"] == figures["MOTA"] == figures["IDF1"] == 0


def test_an_empty_truth_makes_everything_false() -> None:
    figures = score_tracks(EMPTY, rows([0, 1], [1, 1], [BOX] * 2)).figures()
    assert (figures["FN"], figures["FP"], figures["truth_tracks"]) == (0, 2, 0)
    assert figures["HOTA"] == figures["IDF1"] == 0


def test_nothing_against_nothing_is_no_error() -> None:
    figures = score_tracks(EMPTY, EMPTY).figures()
    assert all(np.isfinite(value) for value in figures.values())
    assert (figures["FN"], figures["FP"]) == (0, 0)


def test_one_frame_is_enough() -> None:
    figures = score_tracks(rows([7], [3], [BOX]), rows([7], [9], [BOX])).figures()
    assert figures["HOTA"] == pytest.approx(100)


def test_boxes_of_other_frames_do_not_meet() -> None:
    figures = score_tracks(rows([0], [1], [BOX]), rows([1], [1], [BOX])).figures()
    assert (figures["FN"], figures["FP"], figures["HOTA"]) == (1, 1, 0)


def test_order_of_rows_and_names_of_ids_do_not_matter() -> None:
    truth = crossing_traffic()
    result = make("doubled", truth)
    shuffled = np.random.default_rng(1).permutation(len(result))
    renamed = replace(result, track_id=-7 * result.track_id)[shuffled]
    before, after = score_tracks(truth, result), score_tracks(truth, renamed)
    assert before.figures() == pytest.approx(after.figures())


def test_a_box_on_an_ignore_box_is_neither_right_nor_wrong() -> None:
    truth = rows([0, 0], [1, 2], [BOX, ELSEWHERE], scored=[True, False])
    figures = score_tracks(truth, rows([0, 0], [1, 2], [BOX, ELSEWHERE])).figures()
    assert (figures["FP"], figures["FN"], figures["result_boxes"]) == (0, 0, 1)


def test_an_ignore_box_does_not_hide_the_match_of_a_scored_one() -> None:
    truth = rows([0, 0], [1, 2], [BOX, BOX], scored=[True, False])
    figures = score_tracks(truth, rows([0, 0], [1, 2], [BOX, BOX])).figures()
    assert (figures["FP"], figures["FN"], figures["result_boxes"]) == (0, 0, 1)


def test_when_all_truth_is_ignored_only_boxes_beside_it_are_false() -> None:
    truth = rows([0, 0], [1, 2], [BOX, BOX], scored=False)
    figures = score_tracks(truth, rows([0, 0], [1, 2], [BOX, ELSEWHERE])).figures()
    assert (figures["truth_boxes"], figures["FP"], figures["FN"]) == (0, 1, 0)


def test_result_boxes_that_end_above_the_line_are_dropped() -> None:
    truth = rows([0], [1], [BOX])
    result = rows([0, 0], [1, 2], [BOX, [60.0, 0.0, 90.0, 49.0]])
    assert score_tracks(truth, result).figures()["FP"] == 1
    assert score_tracks(truth, result, ignore_above_px=50).figures()["FP"] == 0
    assert score_tracks(truth, result, ignore_above_px=51).figures()["FN"] == 1


@pytest.mark.parametrize("who", ["truth", "result"])
def test_two_boxes_of_one_track_on_a_frame_are_an_error_that_names_them(who: str) -> None:
    fine, twins = rows([4], [8], [BOX]), rows([3, 4, 4], [8, 8, 8], [BOX] * 3)
    tables = (twins, fine) if who == "truth" else (fine, twins)
    with pytest.raises(DatasetError, match=f"track 8 of the {who} has 2 on frame 4"):
        score_tracks(*tables)


def test_ignore_boxes_may_share_an_id() -> None:
    truth = rows([0, 0], [-1, -1], [BOX, ELSEWHERE], scored=False)
    assert score_tracks(truth, EMPTY).figures()["truth_boxes"] == 0


def test_switches_and_fragments_are_told_apart() -> None:
    truth = rows(range(6), [1] * 6, [BOX] * 6)
    fragment = score_tracks(truth, rows([0, 1, 4, 5], [5, 5, 5, 5], [BOX] * 4)).clear
    # Other boxes keep the frames of the gap in play: TrackEval passes over frames without any.
    others = rows([2, 3], [9, 9], [ELSEWHERE] * 2)
    gap = type(truth).concatenate([rows([0, 1, 4, 5], [5, 5, 5, 5], [BOX] * 4), others])
    switch = score_tracks(truth, rows(range(6), [5, 5, 5, 6, 6, 6], [BOX] * 6)).clear
    assert (fragment.switches, fragment.fragments) == (0, 0)
    in_play = score_tracks(truth, gap).clear
    assert (in_play.switches, in_play.fragments) == (0, 1)
    assert (switch.switches, switch.fragments) == (1, 0)


def test_a_match_goes_on_although_another_box_fits_better() -> None:
    near = [12.0, 10.0, 52.0, 50.0]
    truth = rows([0, 1], [1, 1], [BOX, BOX])
    result = rows([0, 1, 1], [5, 5, 6], [BOX, near, BOX])
    assert score_tracks(truth, result).clear.switches == 0


def test_a_class_is_scored_alone_but_ignore_boxes_are_of_every_class() -> None:
    truth = rows(
        [0, 0, 0],
        [1, 2, 3],
        [BOX, ELSEWHERE, FAR_AWAY],
        [True, True, False],
        [1, 2, 2],
    )
    result = rows([0, 0, 0], [1, 2, 3], truth.xyxy, class_id=[1, 1, 1])
    cars = score_class(truth, result, [1], [1]).figures()
    assert (cars["truth_boxes"], cars["FN"], cars["FP"]) == (1, 0, 1)
    assert score_class(truth, result, [2], [2]).figures()["FN"] == 1
    assert score_class(truth, result, [1, 2], [1]).figures()["HOTA"] == pytest.approx(100)


def test_the_total_weighs_sequences_by_their_boxes() -> None:
    long = score_tracks(rows(range(9), [1] * 9, [BOX] * 9), rows(range(9), [1] * 9, [BOX] * 9))
    short = score_tracks(rows([0], [1], [BOX]), EMPTY)
    figures = total([long, short]).figures()
    assert figures["MOTA"] == pytest.approx(90)
    assert figures["AssA"] == pytest.approx(100)
    assert figures["truth_tracks"] == 2


def test_a_total_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        total([])


def test_long_sequences_are_paired_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = crossing_traffic()
    result = make("messy", truth)
    whole = find_overlaps(truth, result).pairs
    monkeypatch.setattr(overlaps_module, "_PAIRS_AT_ONCE", 7)
    batched = find_overlaps(truth, result).pairs
    assert np.array_equal(whole.a, batched.a)
    assert np.array_equal(whole.b, batched.b)
    assert np.array_equal(whole.iou, batched.iou)


coordinate = st.floats(-100, 100, width=32)
box = st.tuples(coordinate, coordinate, coordinate, coordinate)


@given(box, box)
def test_iou_is_symmetric_and_between_nothing_and_all(a: tuple[float], b: tuple[float]) -> None:
    one, other = np.array([a], np.float32), np.array([b], np.float32)
    there, back = paired_iou(one, other)[0], paired_iou(other, one)[0]
    assert there == back
    assert 0 <= there <= 1


def test_iou_of_known_boxes() -> None:
    one = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [5, 5, 5, 5]], np.float32)
    other = np.array([[5, 0, 15, 10], [10, 0, 20, 10], [5, 5, 5, 5]], np.float32)
    assert paired_iou(one, other) == pytest.approx([1 / 3, 0, 0])
