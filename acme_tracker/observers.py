"""Have the detector look in a thread of its own: ahead of a recording, beside a camera.

Both are Observers of a session; see there. What the detector raises is raised in the session.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Self

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import Look, Observation, Tracks
from acme_tracker.frames import Frame
from acme_tracker.interfaces import Detector, FrameWatcher
from acme_tracker.session import Answer, observe
from acme_tracker.tracking.catching_up import catch_up
from acme_tracker.tracking.governor import Governor
from acme_tracker.tracking.redetection import Cadence


class _InThread:
    """A detector, and the thread that it looks in until this is left."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._thread = ThreadPoolExecutor(1, "detector")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)


class Ahead(_InThread):
    """Looks at every n-th frame of a recording in a thread of its own, before the frame's turn.

    Every answer is of the very frame, as if it had waited. What the detector raises is raised in
    the frame's turn.
    """

    def __init__(self, detector: Detector, every: int) -> None:
        super().__init__(detector)
        self._cadence = Cadence(every)
        self._begun: dict[int, Future[Observation]] = {}

    @classmethod
    def of(cls, settings: TrackSettings, detector: Detector) -> Ahead | None:
        """None where nobody knows ahead which frames the detector is to look at."""
        every = settings.redetection.every_frames
        return None if every is None or isinstance(detector, FrameWatcher) else cls(detector, every)

    def begin(self, frame: Frame) -> None:
        """A frame was read: call it in their order, from any thread."""
        look = self._cadence.look(frame)
        if look is not None:
            self._begun[frame.index] = self._look(frame, look)

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


class Beside(_InThread):
    """Looks in a thread of its own, one frame at a time, while the tracker goes on.

    A late answer is moved to the frame on which it comes. What the detector raises is raised there.
    """

    def __init__(self, detector: Detector, clock: Callable[[], float] = perf_counter) -> None:
        super().__init__(detector)
        self._clock = clock
        self._governor = Governor()
        self._errand: _Errand | None = None
        self._forgotten = False

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
