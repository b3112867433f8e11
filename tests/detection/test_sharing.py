from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.detection.sharing import SharedDetector
from acme_tracker.errors import DetectorError
from acme_tracker.frames import Image


def picture(number: int) -> Image:
    return np.full((8, 8, 3), number, np.uint8)


class Slow:
    """Finds one box a picture, as wide as its grey; waits for `go`; more than one at once fails."""

    classes = ClassList(("car",))

    def __init__(self, batch: int = 16) -> None:
        self.batch = batch
        self.batches: list[list[int]] = []
        self.began, self.go = threading.Event(), threading.Event()
        self._busy = threading.Lock()

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        assert self._busy.acquire(blocking=False), "two threads at once"
        self.began.set()
        assert self.go.wait(10)
        numbers = [int(image[0, 0, 0]) for image in images]
        self.batches.append(numbers)
        self._busy.release()
        if 99 in numbers:
            raise DetectorError("out of memory")
        return [Detections.of([(0, 0, number, 1)], [0.9], [0]) for number in numbers]


def asked_while_busy(shared: SharedDetector, slow: Slow, wishes: list[list[int]]) -> list[object]:
    """What each thread is answered: boxes' widths, or the error. The first one is first."""

    def ask(numbers: list[int]) -> object:
        try:
            found = shared.detect([picture(number) for number in numbers])
        except DetectorError as error:
            return str(error)
        return [int(one.xyxy[0, 2]) for one in found]

    with ThreadPoolExecutor(len(wishes)) as threads:
        first = threads.submit(ask, wishes[0])
        assert slow.began.wait(10)
        rest = [threads.submit(ask, wish) for wish in wishes[1:]]
        while len(shared._asked) < len(rest):
            pass
        slow.go.set()
        return [one.result(10) for one in (first, *rest)]


def test_what_is_asked_while_it_works_is_the_next_batch() -> None:
    slow = Slow()
    answers = asked_while_busy(SharedDetector(slow), slow, [[1], [2, 3], [], [4]])
    assert answers == [[1], [2, 3], [], [4]]
    assert slow.batches[0] == [1]
    assert [sorted(batch) for batch in slow.batches[1:]] == [[2, 3, 4]]


@pytest.mark.parametrize(("batch", "batches"), [(1, 4), (2, 3)])
def test_a_batch_is_no_larger_than_is_good(batch: int, batches: int) -> None:
    slow = Slow(batch)
    answers = asked_while_busy(SharedDetector(slow), slow, [[1], [2], [3], [4]])
    assert answers == [[1], [2], [3], [4]]
    assert len(slow.batches) == batches


def test_an_error_is_told_to_those_it_concerns_and_the_next_go_on() -> None:
    slow = Slow()
    shared = SharedDetector(slow)
    answers = asked_while_busy(shared, slow, [[1], [2], [99]])
    assert answers == [[1], "out of memory", "out of memory"]
    assert shared.detect([picture(5)])[0].xyxy[0, 2] == 5


def test_a_detector_that_forgets_a_picture_is_told_to_all() -> None:
    class Forgetful(Slow):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            return super().detect(images)[1:]

    slow = Forgetful()
    answers = asked_while_busy(SharedDetector(slow), slow, [[1], [2], [3]])
    assert answers == ["1 pictures had 0 answers", *["2 pictures had 1 answers"] * 2]


def test_a_wrong_picture_fails_only_its_owner() -> None:
    slow = Slow()
    slow.go.set()
    with pytest.raises(ValueError, match="image"):
        SharedDetector(slow).detect([np.zeros((8, 8), np.uint8)])
    assert slow.batches == []
