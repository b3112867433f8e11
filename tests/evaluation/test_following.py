from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker.datasets import Sequence, open_sequences
from acme_tracker.datatypes import Followed
from acme_tracker.errors import DatasetError
from acme_tracker.evaluation.following import (
    FollowedBoxes,
    Following,
    evaluate_following,
    follow_sequence,
    spread_starts,
)
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.flow import flow_tracker
from acme_tracker.tracking.visual.kalman import kalman_tracker
from tests.evaluation.gliding import write_gliding
from tests.fakes import ScriptedFollower

FRAMES = 20


@pytest.fixture(scope="module")
def glide(tmp_path_factory: pytest.TempPathFactory) -> Sequence:
    (sequence,) = open_sequences(write_gliding(tmp_path_factory.mktemp("data") / "glide", FRAMES))
    return sequence


class Clairvoyant(ScriptedFollower):
    """Knows the truth."""

    def __init__(self, sequence: Sequence) -> None:
        super().__init__()
        self._rows = sequence.rows

    def update(self, frame: Frame) -> Followed:
        now = self._rows[self._rows.frame_index == frame.index]
        for target, box in zip(now.track_id.tolist(), now.xyxy, strict=True):
            if target in self.boxes:
                self.boxes[target] = box
        return super().update(frame)


def test_who_knows_the_truth_follows_perfectly(glide: Sequence) -> None:
    (told,) = follow_sequence(glide, [lambda: Clairvoyant(glide)], [0, 4], 10)
    figures = told.figures((5, 10))
    assert figures["iou_5"] == figures["iou_10"] == pytest.approx(1, abs=1e-5)
    assert figures["over_10"] == 100
    assert math.isnan(figures["AUROC"])  # nothing was wrong
    assert figures["ECE"] == 0
    assert (told.targets, told.updates, told.objects) == (4, 20, 40)
    assert sorted(set(told.boxes.step.tolist())) == list(range(1, 11))
    assert figures["objects_per_frame"] == 2
    assert figures["cpu_ms_per_frame"] > 0


def test_who_stands_still_is_wrong_later_and_its_confidence_dishonest(glide: Sequence) -> None:
    (told,) = follow_sequence(glide, [ScriptedFollower], [0], 15)
    figures = told.figures((1, 15))
    assert figures["iou_1"] == pytest.approx(37 * 29 / (2 * 40 * 30 - 37 * 29), abs=1e-3)
    assert figures["iou_15"] < 0.5
    assert figures["ECE"] == pytest.approx(1 - told.boxes.right.mean())
    assert figures["AUROC"] == 0.5


def test_a_target_that_was_given_up_counts_as_lost_and_unsure(glide: Sequence) -> None:
    def giving_up() -> ScriptedFollower:
        follower = ScriptedFollower()
        follower.gives_up = True
        return follower

    (told,) = follow_sequence(glide, [giving_up], [0], 1)
    assert told.figures((1,))["iou_1"] == 0
    assert told.boxes.iou.min() > 0.5  # where it was last
    assert told.boxes.confidence.tolist() == [0, 0]


def test_targets_are_stopped_where_their_truth_ends(glide: Sequence) -> None:
    rows = glide.rows
    short = replace(glide, rows=rows[(rows.track_id == 1) | (rows.frame_index < 6)])
    made: list[ScriptedFollower] = []

    def make() -> ScriptedFollower:
        made.append(ScriptedFollower())
        return made[-1]

    (told,) = follow_sequence(short, [make], [2], 10)
    assert [call for call in made[0].calls if call[1]] == [("start", [1, 2]), ("stop", [2])]
    assert (told.updates, told.objects) == (10, 10 + 3)
    assert len(told.boxes) == 10 + 3


def test_gaps_of_the_truth_are_not_judged(glide: Sequence) -> None:
    hidden = glide.rows.visibility.copy()
    hidden[(glide.rows.frame_index >= 3) & (glide.rows.frame_index < 6)] = 0.2
    unscored = glide.rows.scored & (glide.rows.frame_index != 8)
    rows = replace(glide.rows, visibility=hidden, scored=unscored)
    (told,) = follow_sequence(replace(glide, rows=rows), [ScriptedFollower], [0], 10)
    assert told.updates == 10
    assert sorted(set(told.boxes.step.tolist())) == [1, 2, 6, 7, 9, 10]


def test_starts_are_spread_and_leave_room_to_follow(glide: Sequence) -> None:
    assert spread_starts(glide, 10, 4) == [0, 3, 6, 9]
    assert spread_starts(glide, 10, 1) == [0]
    assert spread_starts(glide, 18, 9) == [0, 1]
    assert spread_starts(glide, 500, 3) == [0]  # too short: as far as it goes
    assert spread_starts(replace(glide, rows=glide.rows[:0]), 10, 4) == []


def test_real_trackers_run_side_by_side_and_flow_sees_what_kalman_cannot(glide: Sequence) -> None:
    progress: list[int] = []
    flow, kalman = evaluate_following(
        [glide], [flow_tracker, kalman_tracker], 10, starts=2, advance=progress.append
    )
    assert flow["glide"].figures((10,))["iou_10"] > 0.85
    assert kalman["glide"].figures((10,))["iou_10"] < 0.7
    assert math.isnan(kalman["glide"].figures()["ECE"])
    assert len(kalman["glide"].reliability.count) == 0
    assert sum(progress) == FRAMES


def test_nothing_to_start_on_is_an_error(glide: Sequence) -> None:
    empty = replace(glide, rows=glide.rows[:0])
    with pytest.raises(DatasetError, match="no scored and visible box"):
        evaluate_following([empty], [kalman_tracker], 10)


def test_sums_weigh_every_box_alike() -> None:
    def boxes(iou: NDArray[np.float32]) -> Following:
        count = len(iou)
        ones = np.ones(count, np.float32)
        steps, ok = np.ones(count, np.int64), np.ones(count, bool)
        return Following(FollowedBoxes(steps, iou, ok, ones, ones), targets=count)

    both = boxes(np.ones(3, np.float32)) + boxes(np.zeros(1, np.float32))
    assert both.figures((1,))["iou_1"] == 0.75
    assert both.targets == 4
