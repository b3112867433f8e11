"""Reading ahead: who waits, who drops, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from typing import Self

import numpy as np
import pytest

from acme_tracker.errors import SourceError
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.video import prefetch
from acme_tracker.video.prefetch import Prefetch

SOON_S = 10.0


class Numbers:
    """Frames 0, 1, 2, ...; `before` is called with each number, in the reading thread."""

    def __init__(
        self,
        count: int,
        live: bool = False,
        before: Callable[[int], None] = lambda number: None,
        fail_on_open: bool = False,
        unreadable: Collection[int] = (),
    ) -> None:
        self.info = SourceInfo("numbers", "numbers", (4, 4), live=live)
        self.made = 0
        self.closed = threading.Event()
        self._count, self._before, self._fail_on_open = count, before, fail_on_open
        self._unreadable = unreadable

    def __enter__(self) -> Self:
        if self._fail_on_open:
            raise SourceError("nothing here")
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()

    def __iter__(self) -> Iterator[Frame]:
        for number in range(self._count):
            self._before(number)
            self.made += 1
            if number in self._unreadable:
                continue
            yield Frame.of_image(np.zeros((4, 4, 3), np.uint8), number, number / 25)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "prefetch"]


def test_a_recording_loses_nothing_and_keeps_its_order() -> None:
    with Prefetch(Numbers(100), depth=3) as frames:
        assert [frame.index for frame in frames] == list(range(100))
        assert frames.dropped == 0
        assert frames.info.name == "numbers"
    assert threads() == []


def test_a_recording_is_read_no_further_than_depth_ahead() -> None:
    third = threading.Event()
    source = Numbers(100, before=lambda number: third.set() if number == 2 else None)
    with Prefetch(source, depth=2) as frames:
        assert third.wait(SOON_S)
        first = next(iter(frames))
        assert first.index == 0
        assert source.made <= 4  # two queued, one in the thread's hands, one taken
    assert threads() == []


def test_a_live_source_drops_the_oldest_and_counts_them() -> None:
    with Prefetch(Numbers(10, live=True), depth=3) as frames:
        frames._thread.join(SOON_S)  # type: ignore[union-attr]
        assert [frame.index for frame in frames] == [7, 8, 9]
        assert frames.dropped == 7


def test_frames_that_the_source_left_out_count_as_damaged_not_as_dropped() -> None:
    with Prefetch(Numbers(10, unreadable=(4, 5, 8))) as frames:
        assert len(list(frames)) == 7
    assert (frames.damaged, frames.dropped) == (3, 0)


def test_live_can_be_said_whatever_the_source_is() -> None:
    with Prefetch(Numbers(5), depth=1, live=True) as frames:
        frames._thread.join(SOON_S)  # type: ignore[union-attr]
        assert [frame.index for frame in frames] == [4]


def test_an_error_comes_after_the_frames_before_it() -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise SourceError("ends early")

    seen = []
    with Prefetch(Numbers(10, before=fail), depth=8) as frames:
        iterator = iter(frames)
        seen = [next(iterator).index for _ in range(3)]
        with pytest.raises(SourceError, match="ends early"):
            next(iterator)
    assert seen == [0, 1, 2]
    assert threads() == []


def test_a_source_that_does_not_open_says_so_on_entering() -> None:
    with pytest.raises(SourceError, match="nothing here"), Prefetch(Numbers(1, fail_on_open=True)):
        pass
    assert threads() == []


def test_leaving_is_prompt_while_the_thread_waits_for_room() -> None:
    source = Numbers(1_000_000)
    with Prefetch(source, depth=1) as frames:
        next(iter(frames))
    assert threads() == []
    assert source.closed.is_set()


def test_leaving_does_not_wait_for_a_source_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_GRACE_S", 0.05)
    answer = threading.Event()

    def hang(number: int) -> None:
        if number == 1:
            answer.wait(SOON_S)

    source = Numbers(5, before=hang)
    with Prefetch(source, depth=2) as frames:
        assert next(iter(frames)).index == 0
    assert not source.closed.is_set()  # still hanging, and nobody else may close it
    answer.set()
    assert source.closed.wait(SOON_S)


def test_the_consumers_own_error_ends_it_too() -> None:
    def consume(source: Numbers) -> None:
        with Prefetch(source) as frames:
            for _ in frames:
                raise ZeroDivisionError

    source = Numbers(1_000_000)
    with pytest.raises(ZeroDivisionError):
        consume(source)
    assert source.closed.is_set()


def test_frames_are_prepared_in_the_reading_thread() -> None:
    names = []
    with Prefetch(Numbers(3), prepare=lambda f: names.append(threading.current_thread().name)) as p:
        assert len(list(p)) == 3
    assert names == ["prefetch"] * 3


def test_live_frames_are_not_prepared() -> None:
    names: list[int] = []
    with Prefetch(Numbers(3, live=True), prepare=lambda f: names.append(f.index)) as frames:
        frames._thread.join(SOON_S)  # type: ignore[union-attr]
    assert names == []


def test_depth_must_be_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Prefetch(Numbers(1), depth=0)


def test_a_consumer_that_no_signal_reaches_can_be_interrupted_too() -> None:
    answer, wanted = threading.Event(), threading.Event()

    def hang(number: int) -> None:
        if number == 1:
            answer.wait(SOON_S)

    source = Numbers(5, before=hang)
    with Prefetch(source, interrupted=wanted.is_set) as frames:
        taken = iter(frames)
        assert next(taken).index == 0
        wanted.set()
        with pytest.raises(KeyboardInterrupt):
            next(taken)
        answer.set()
