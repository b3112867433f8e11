"""Drives a session from a source into sinks.

Decoding runs ahead in one thread, drawing and encoding behind in another; the session runs between
them, in the thread that calls `drive`. Its detector may have a third (observers.py). What any of
them raises is raised here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from time import perf_counter
from typing import Self, TypeVar

from acme_tracker.config import TrackSettings
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.interfaces import Detector, FrameSink, FrameSource, FrameWatcher
from acme_tracker.observers import Ahead, Beside
from acme_tracker.session import TrackingSession

T = TypeVar("T")
_POLL_S = 0.2


class Interrupt:
    """A wish to stop, from a signal handler: heard between frames, or at once in a wait for one.

    Whoever is stopped in the middle of a frame would leave half a row in a file.

    Attributes:
        wanted: whether to stop; other threads than the main one are asked by setting it.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._waiting = False

    def request(self) -> None:
        """Ask to stop. From the main thread's signal handlers only."""
        self.wanted = True
        if self._waiting:
            raise KeyboardInterrupt

    @contextmanager
    def heard_at_once(self) -> Iterator[None]:
        """A stretch of waiting that may be broken off."""
        self._waiting = True
        try:
            if self.wanted:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = False


def drive(
    source: FrameSource,
    session: TrackingSession,
    sinks: Sequence[FrameSink],
    interrupt: Interrupt | None = None,
) -> None:
    """Track every frame of an open source into open sinks.

    However it ends (the source's end, an error, KeyboardInterrupt from `interrupt`), every sink is
    told which tracks ended with it, so that what was written so far is whole.
    """
    interrupt = interrupt or Interrupt()
    frames = iter(source)
    try:
        while (frame := _next(frames, interrupt)) is not None:
            start = perf_counter()
            result = session.step(frame)
            for sink in sinks:
                sink.write(result)
            session.observer.note(frame, perf_counter() - start)
    except BaseException:
        with suppress(Exception):  # the first error is the one to tell
            _end(sinks, session)
        raise
    _end(sinks, session)


def _end(sinks: Sequence[FrameSink], session: TrackingSession) -> None:
    """Tell every sink; one that fails does not keep the others from their end."""
    events = session.finish()
    with ExitStack() as ends:
        for sink in reversed(sinks):
            ends.callback(sink.end, events)


def _next(frames: Iterator[Frame], interrupt: Interrupt) -> Frame | None:
    with interrupt.heard_at_once():
        return next(frames, None)


@contextmanager
def one_thread_a_stage() -> Iterator[None]:
    """OpenCV works in the thread that calls it: each stage has one of its own.

    Its own threads, started and awaited for every small step, cost a fifth of all the work.
    """
    import cv2

    before = cv2.getNumThreads()
    if before == 1:  # set by someone around: to set it while others compute is not safe
        yield
        return
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def side_by_side(jobs: Sequence[Callable[[Interrupt], T]], interrupt: Interrupt) -> list[T]:
    """What jobs return that run at the same time, each in a thread of its own.

    When `interrupt` asks to stop, or one of them raises, all are asked to stop.
    """
    own = [Interrupt() for _ in jobs]
    # Around all: each would set OpenCV's threads, and set them back while others compute.
    with one_thread_a_stage(), ThreadPoolExecutor(len(jobs), "source") as threads:
        running = [threads.submit(job, asks) for job, asks in zip(jobs, own, strict=True)]
        with suppress(KeyboardInterrupt), interrupt.heard_at_once():
            while not _over(running):  # a signal that another thread got is heard in between
                pass
        for asks in own:
            asks.wanted = True
    return [one.result() for one in running]


def _over(running: Sequence[Future[T]]) -> bool:
    """Whether all are done, or one raised; it takes a moment to say no."""
    done, left = wait(running, _POLL_S, FIRST_EXCEPTION)
    return not left or any(one.exception() for one in done)


@contextmanager
def open_session(
    info: SourceInfo, settings: TrackSettings, detector: Detector, ahead: Ahead | None = None
) -> Iterator[TrackingSession]:
    """A session of its own for an open source; the detector of a live one runs beside it.

    Not a detector that watches its scene: it is cheap, and must see the frames in their order. The
    looks at a recording may have been begun `ahead`.
    """
    if not info.live or isinstance(detector, FrameWatcher):
        yield TrackingSession.from_settings(settings, detector, ahead)
        return
    with Beside(detector) as observer:
        yield TrackingSession.from_settings(settings, detector, observer)


class TimedSource:
    """Passes a source on, and adds up the time that its frames took to make."""

    def __init__(self, source: FrameSource) -> None:
        self.total_ms = 0.0
        self._source = source

    @property
    def info(self) -> SourceInfo:
        return self._source.info

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._source.__exit__(*raised)

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self._source)
        while True:
            start = perf_counter()
            frame = next(frames, None)
            if frame is None:
                return
            frame.small  # noqa: B018  made here, with the luma, in the decoder's thread
            self.total_ms += 1000 * (perf_counter() - start)
            yield frame
