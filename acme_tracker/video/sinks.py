"""Annotated H.264 files, and a thread for a sink to run in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from acme_tracker.config import OutputSettings
from acme_tracker.datatypes import FrameResult, TrackEvent
from acme_tracker.errors import OutputError
from acme_tracker.frames import SourceInfo
from acme_tracker.interfaces import FrameSink
from acme_tracker.resources import make_way
from acme_tracker.timing import Stopwatch
from acme_tracker.video.writer import VideoWriter
from acme_tracker.yuv import Yuv

_RATE_WHERE_UNKNOWN = 25.0


class VideoSink:
    """An annotated H.264 file with the source's own times; opens on the first frame.

    Args:
        path: of the MP4 file.
        info: the open source's.
        settings: preset and crf.
        annotate: draws a result, on a copy of its picture.
        timings: where the time of the stages `draw` and `encode` goes.
    """

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        settings: OutputSettings,
        annotate: Callable[[FrameResult], Yuv],
        timings: Stopwatch | None = None,
    ) -> None:
        self.path = path
        self._rate = info.frame_rate or _RATE_WHERE_UNKNOWN
        self._live = info.live
        self._pixel_aspect = info.pixel_aspect
        self._settings = settings
        self._annotate = annotate
        self._writer: VideoWriter | None = None
        self._timings = timings or Stopwatch()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, result: FrameResult) -> None:
        with self._timings.stage("draw"):
            picture = self._annotate(result)
        with self._timings.stage("encode"):
            if self._writer is None:
                self._writer = VideoWriter(
                    self.path,
                    picture.size,
                    self._rate,
                    self._settings.preset,
                    self._settings.crf,
                    picture.colours,
                    index_in_front=not self._live,
                    pixel_aspect=self._pixel_aspect,
                )
            self._writer.write(picture, result.frame.time_s)

    def end(self, events: Sequence[TrackEvent]) -> None:
        """Nothing to draw: the last frame is written."""


class BackgroundSink:
    """Runs another sink's `write` and `end` in a thread of its own, up to `depth` results behind.

    When `depth` results wait, `write` waits too. With `hurried` it never does: a result is left out
    then, and also while it says that there is more urgent work, for which the thread makes way. One
    with a look takes the place of one without: what is written tells of all looks, if it can.

    What the sink raises is raised by the next `write` or `end`, at the latest on leaving. On
    leaving, everything that waits is still written; only after the sink failed it is abandoned. Not
    for windows: those belong to the main thread.

    Args:
        sink: entered and left in the calling thread.
        depth: results that may wait, at least 1.
        hurried: asked on each `write`; None: every result is written.

    Attributes:
        left_out: results that were not written.
    """

    def __init__(
        self, sink: FrameSink, depth: int = 8, hurried: Callable[[], bool] | None = None
    ) -> None:
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        self.left_out = 0
        self._sink = sink
        self._depth = depth
        self._hurried = hurried
        self._waiting: deque[FrameResult | Sequence[TrackEvent]] = deque()  # events: of the end
        self._changed = threading.Condition()
        self._leaving = False
        self._failed = False
        self._error: BaseException | None = None  # not raised yet
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._sink.__enter__()
        self._thread = threading.Thread(target=self._run, name="sink")
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._finish()  # never close a file under the thread that writes it
        self._sink.__exit__(*raised)
        if raised[0] is None:
            self._raise()

    def write(self, result: FrameResult) -> None:
        with self._changed:
            may_leave_out = self._hurried is not None and not self._failed
            if may_leave_out and not self._finds_room(result):
                self.left_out += 1
                return
        self._put(result)

    def end(self, events: Sequence[TrackEvent]) -> None:
        with self._changed:
            if self._failed and self._error is None:
                return  # it was told: nothing new
        self._put(events)

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._depth

    def _finds_room(self, result: FrameResult) -> bool:
        """Whether a result may be written now; another may be left out for one with a look."""
        if result.look is None:
            return not self._is_full() and not (self._hurried and self._hurried())
        if not self._is_full():
            return True
        for place, other in reversed(list(enumerate(self._waiting))):
            if isinstance(other, FrameResult) and other.look is None:
                del self._waiting[place]
                self.left_out += 1
                return True
        return False

    def _put(self, job: FrameResult | Sequence[TrackEvent]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_full() or self._failed)
            self._raise()
            if self._failed:
                raise OutputError("this sink failed before: nothing more can be written to it")
            self._waiting.append(job)
            self._changed.notify_all()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _finish(self) -> None:
        with self._changed:
            self._leaving = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        if self._hurried is not None:
            make_way()
        while (job := self._take()) is not None:
            try:
                if isinstance(job, FrameResult):
                    self._sink.write(job)
                else:
                    self._sink.end(job)
            except BaseException as error:  # whatever it is, it is the caller's to raise
                with self._changed:
                    self._error, self._failed = error, True
                    self._waiting.clear()
                    self._changed.notify_all()
                return

    def _take(self) -> FrameResult | Sequence[TrackEvent] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._leaving)
            job = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return job
