from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from acme_tracker.labelling.clips import settle
from acme_tracker.labelling.judging import Judged
from acme_tracker.labelling.vocabulary import Vocabulary
from tests.labelling.seeing import COARSE, FINE, Box

VOCABULARY = Vocabulary.of([*FINE, *COARSE])
POLE: Box = (100, 100, 112, 126)
FRAMES = 20
Row = tuple[Box, str, bool]  # box, class, whether it moves


def frame(*rows: Row) -> Judged:
    boxes = np.array([box for box, *_ in rows], np.float32).reshape(-1, 4)
    ids = VOCABULARY.ids([name for _, name, _ in rows])
    moving = np.array([moves for *_, moves in rows], bool)
    return Judged(boxes, ids, np.zeros(len(rows), bool), moving)


def learnt(frames: Sequence[Judged], step_s: float = 0.5) -> list[list[str]]:
    """The classes that are not to ignore, frame by frame."""
    settled = settle(frames, [number * step_s for number in range(len(frames))], VOCABULARY)
    names = VOCABULARY.classes.names
    return [[names[c] for c in each.class_id[~each.ignore]] for each in settled]


def test_a_person_that_stands_in_one_place_all_along_is_a_thing() -> None:
    assert learnt([frame((POLE, "person", False))] * FRAMES) == [[]] * FRAMES


def test_who_stands_for_a_moment_or_walks_through_is_a_person() -> None:
    briefly = [frame((POLE, "person", False))] * 8 + [frame()] * 12
    assert learnt(briefly) == [["person"]] * 8 + [[]] * 12
    assert learnt([frame((POLE, "person", True))] * FRAMES) == [["person"]] * FRAMES


@pytest.mark.parametrize(("every", "stays"), [(1, True), (4, False)])
def test_a_car_that_stands_is_found_most_of_the_time(every: int, stays: bool) -> None:
    car = frame((POLE, "car", False))
    frames = [frame() if number % every else car for number in range(FRAMES + 1)]
    assert sum(map(len, learnt(frames))) == (FRAMES + 1 if stays else 0)


def test_where_cars_drive_none_of_them_is_a_thing() -> None:
    queue = [frame() if number % 4 else frame((POLE, "car", False)) for number in range(FRAMES)]
    queue[9] = frame(((95, 98, 107, 124), "truck", True))
    assert sum(map(len, learnt(queue))) == 6


def test_kinds_in_one_place_are_told_apart() -> None:
    frames = [frame((POLE, "person", False), (POLE, "car", False))] * FRAMES
    assert learnt(frames) == [["car"]] * FRAMES


def test_who_is_a_cyclist_a_moment_later_is_no_person_now() -> None:
    walker: Box = (400, 100, 420, 150)
    frames = [
        frame((POLE, "person", False), (walker, "person", False)),
        frame((POLE, "bicycle", False), (walker, "person", False)),
        frame((POLE, "person", False), (walker, "person", False)),
    ]
    assert learnt(frames) == [["person"], ["bicycle", "person"], ["person"]]
    assert learnt(frames, step_s=2)[0] == ["person", "person"]


def test_a_clip_without_anything_stays_so() -> None:
    assert learnt([frame()] * 3) == [[], [], []]
    assert settle([], [], VOCABULARY) == []
