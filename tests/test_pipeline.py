"""How frames are driven through a session, and how that ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import pytest

from acme_tracker.datatypes import FrameResult, TrackEvent
from acme_tracker.errors import OutputError, SourceError
from acme_tracker.frames import Frame
from acme_tracker.outputs import INTERRUPTED, ResultFolders, Run, track_source
from acme_tracker.pipeline import (
    Interrupt,
    TimedSource,
    drive,
    one_thread_a_stage,
    side_by_side,
)
from tests.fakes import ScriptedDetector
from tests.runs import CAR, SETTINGS, Listener, Pictures, session


def test_every_frame_reaches_every_sink_and_the_end_too() -> None:
    sinks = [Listener(), Listener()]
    drive(Pictures(5), session(), sinks)
    assert [(s.frames, s.ended) for s in sinks] == [([0, 1, 2, 3, 4], [1])] * 2


def test_a_source_that_breaks_still_ends_the_sinks() -> None:
    sink = Listener()
    with pytest.raises(SourceError, match="ends early"):
        drive(Pictures(9, breaks_at=3), session(), [sink])
    assert (sink.frames, sink.ended) == ([0, 1, 2], [1])


def test_a_sink_that_fails_ends_the_run_with_its_error_and_the_others_whole() -> None:
    good = Listener()
    with pytest.raises(OutputError, match="disk is full"):
        drive(Pictures(9), session(), [good, Listener(fails_at=2)])
    assert (good.frames, good.ended) == ([0, 1, 2], [1])


def test_an_interrupt_is_heard_between_frames() -> None:
    interrupt = Interrupt()

    class Asking(Listener):
        def write(self, result: FrameResult) -> None:
            super().write(result)
            if result.frame.index == 2:
                interrupt.request()

    sink = Asking()
    with pytest.raises(KeyboardInterrupt):
        drive(Pictures(9), session(), [sink], interrupt)
    assert (sink.frames, sink.ended) == ([0, 1, 2], [1])


def test_an_interrupt_breaks_off_a_wait_for_a_frame() -> None:
    interrupt = Interrupt()
    asleep = threading.Event()

    class Silent(Pictures):
        def __iter__(self) -> Iterator[Frame]:
            threading.Timer(0.05, signal.raise_signal, [signal.SIGUSR1]).start()
            asleep.wait(10)
            yield from ()

    before = signal.signal(signal.SIGUSR1, lambda *_: interrupt.request())
    try:
        with pytest.raises(KeyboardInterrupt):
            drive(Silent(1), session(), [], interrupt)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_time_to_make_frames_is_added_up() -> None:
    timed = TimedSource(Pictures(3))
    with timed as source:
        assert len(list(source)) == 3
    assert timed.total_ms > 0


def test_the_first_error_is_the_one_that_is_told() -> None:
    class Broken(Listener):
        def end(self, events: Sequence[TrackEvent]) -> None:
            raise OutputError("this sink failed before")

    with pytest.raises(OutputError, match="the disk is full"):
        drive(Pictures(9), session(), [Broken(fails_at=1)])


def test_opencv_gets_its_threads_back() -> None:
    before = cv2.getNumThreads()
    with one_thread_a_stage():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before


class Waiting(Pictures):
    """A live source whose next picture does not come before `go`."""

    def __init__(self, count: int, go: threading.Event) -> None:
        super().__init__(count, live=True)
        self._go = go

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        self._go.wait(20)


def test_a_wish_to_stop_reaches_sources_that_run_side_by_side(tmp_path: Path) -> None:
    interrupt, folders, go = Interrupt(), ResultFolders(tmp_path), threading.Event()
    seen = [Listener(), Listener()]

    def job(sink: Listener, asked: Interrupt) -> Run:
        source, detector = Waiting(3, go), ScriptedDetector([CAR])
        watch = [lambda *_: sink]
        return track_source(source, SETTINGS, detector, folders, interrupt=asked, watchers=watch)

    ask = threading.Timer(1.0, signal.raise_signal, [signal.SIGUSR1])
    before = signal.signal(signal.SIGUSR1, lambda *_: interrupt.request())
    ask.start()
    try:
        runs = side_by_side([partial(job, sink) for sink in seen], interrupt)
    finally:
        ask.cancel()
        ask.join()
        go.set()
        signal.signal(signal.SIGUSR1, before)
    assert [run.state for run in runs] == [INTERRUPTED] * 2
    assert {run.folder for run in runs} == {tmp_path / "pictures", tmp_path / "pictures-2"}
    assert [sink.ended for sink in seen] == [[1], [1]]
    rows = [(run.folder or tmp_path).joinpath("tracks.csv").read_text() for run in runs]
    assert all(text.count("\n") > 1 and text.endswith("\n") for text in rows)


def test_what_one_raises_stops_the_others_and_is_raised() -> None:
    def fails(_: Interrupt) -> int:
        raise ZeroDivisionError

    def waits(asked: Interrupt) -> int:
        while not asked.wanted:
            pass
        return 1

    with pytest.raises(ZeroDivisionError):
        side_by_side([waits, fails], Interrupt())
    assert side_by_side([lambda _: 1, lambda _: 2], Interrupt()) == [1, 2]
