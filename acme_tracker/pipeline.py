"""Drives a session from a source into sinks.

Decoding runs ahead in one thread, drawing and encoding behind in another; the session runs between
them, in the thread that calls `drive`. The detector of a camera runs beside it, in a third; that of
a recording ahead of it, where it is known which frames are to be looked at. What any of them raises
is raised here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Self, TypeVar

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import Frame, Look, LookReason, Observation, SourceInfo, Tracks
from acme_tracker.interfaces import Detector, FrameSink, FrameSource, FrameWatcher
from acme_tracker.session import Answer, TrackingSession, observe
from acme_tracker.tracking.catching_up import catch_up
from acme_tracker.tracking.governor import Governor

T = TypeVar("T")


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
    # Each sets OpenCV's threads, and sets them back: to one, whoever ends first.
    with one_thread_a_stage(), ThreadPoolExecutor(len(jobs), "source") as threads:
        running = [threads.submit(job, asks) for job, asks in zip(jobs, own, strict=True)]
        with suppress(KeyboardInterrupt), interrupt.heard_at_once():
            wait(running, return_when=FIRST_EXCEPTION)
        for asks in own:
            asks.wanted = True
    return [one.result() for one in running]


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


class Ahead:
    """Looks at every n-th frame of a recording in a thread of its own, before the frame's turn.

    Every answer is of the very frame, as if it had waited. What the detector raises is raised in
    the frame's turn.
    """

    def __init__(self, detector: Detector, every: int) -> None:
        self._detector = detector
        self._every = every
        self._thread = ThreadPoolExecutor(1, "detector")
        self._begun: dict[int, Future[Observation]] = {}

    @classmethod
    def of(cls, settings: TrackSettings, detector: Detector) -> Ahead | None:
        """None where nobody knows ahead which frames the detector is to look at."""
        every = settings.redetection.every_frames
        return None if every is None or isinstance(detector, FrameWatcher) else cls(detector, every)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def begin(self, frame: Frame) -> None:
        """A frame was read: call it in their order, from any thread."""
        if frame.index % self._every == 0:
            self._begun[frame.index] = self._look(frame, Look(LookReason.CADENCE))

    def is_free(self, _: Frame) -> bool:
        return True

    def observe(self, frame: Frame, _: Tracks, look: Look | None) -> Answer | None:
        begun = self._begun.pop(frame.index, None)
        if look is None:
            return None
        if begun is None or look.regions is not None:  # another look than was expected
            begun = self._look(frame, look)
        return Answer(look, begun.result())

    def forget(self) -> None:
        """Every answer is of its own frame, whatever the scene."""

    def note(self, frame: Frame, busy_s: float) -> None:
        """Recordings wait: how long it took decides nothing."""

    def _look(self, frame: Frame, look: Look) -> Future[Observation]:
        return self._thread.submit(observe, self._detector, frame, look)


@dataclass(frozen=True)
class _Errand:
    """A look that the detector was sent on, and how things stood on the frame that it is at."""

    frame: Frame
    tracks: Tracks
    look: Look
    seen: Future[tuple[Observation, float]]  # and the seconds that it took


class Beside:
    """Looks in a thread of its own, one frame at a time, while the tracker goes on.

    A late answer is moved to the frame on which it comes. What the detector raises is raised there.
    """

    def __init__(self, detector: Detector, clock: Callable[[], float] = perf_counter) -> None:
        self._detector = detector
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "detector")
        self._governor = Governor()
        self._errand: _Errand | None = None
        self._forgotten = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    def is_free(self, frame: Frame) -> bool:
        return self._errand is None and self._governor.rested(frame)

    def observe(self, frame: Frame, tracks: Tracks, look: Look | None) -> Answer | None:
        errand, answer = self._errand, None
        if errand is not None and errand.seen.done():
            (seen, took_s), self._errand = errand.seen.result(), None
            self._governor.looked(frame, took_s)
            if not self._forgotten:
                then = (errand.frame, errand.tracks)
                answer = Answer(errand.look, catch_up(seen, then, (frame, tracks)))
        if look is not None:
            self._forgotten = False
            seen_later = self._thread.submit(self._look, frame, look)
            self._errand = _Errand(frame, tracks, look, seen_later)
        return answer

    def forget(self) -> None:
        self._forgotten = True

    def note(self, frame: Frame, busy_s: float) -> None:
        self._governor.note(frame, busy_s)

    def _look(self, frame: Frame, look: Look) -> tuple[Observation, float]:
        start = self._clock()
        return observe(self._detector, frame, look), self._clock() - start


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, at)

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self._source)
        while True:
            start = perf_counter()
            frame = next(frames, None)
            if frame is None:
                return
            frame.luma  # noqa: B018  made here, in the decoder's thread
            self.total_ms += 1000 * (perf_counter() - start)
            yield frame
