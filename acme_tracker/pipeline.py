"""Drives a session from a source into sinks.

Decoding runs ahead in one thread, drawing and encoding behind in another; the session runs between
them, in the thread that calls `drive`. What any of them raises is raised here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from time import perf_counter
from types import TracebackType
from typing import Self

from acme_tracker.datatypes import Frame, SourceInfo
from acme_tracker.interfaces import FrameSink, FrameSource
from acme_tracker.session import TrackingSession


class Interrupt:
    """A wish to stop, from a signal handler: heard between frames, or at once in a wait for one.

    Whoever is stopped in the middle of a frame would leave half a row in a file.
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
            result = session.step(frame)
            for sink in sinks:
                sink.write(result)
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
