"""Reads a source ahead, in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Self

from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.interfaces import FrameSource

_GRACE_S = 2.0
_POLL_S = 0.1


class Prefetch:
    """A FrameSource that keeps up to `depth` frames of another one ready.

    A recorded source waits when the queue is full: no frame is lost. A live one never waits: the
    oldest frame gives way. What the source raises is raised here, after the frames before it.

    The thread opens, reads and closes the source. On leaving it ends within a frame; only if the
    source hangs in a wait that nothing can interrupt (a camera, a network stream) does it live on,
    unheard, until that wait's own timeout, and closes the source then.

    Args:
        source: not yet entered.
        depth: frames kept ready, at least 1.
        live: drop rather than wait; None asks the source's info.
        prepare: called with each frame of a recording, in the thread, to begin what can be done
            ahead. A live frame may yet be dropped.
        interrupted: asked now and then while the consumer waits; if it says so, the wait ends with
            KeyboardInterrupt. For consumers that no signal reaches: those in other threads.

    Attributes:
        dropped: frames that gave way so far.
        damaged: frames that the source left out so far, going by the indices.
    """

    def __init__(
        self,
        source: FrameSource,
        depth: int = 4,
        live: bool | None = None,
        prepare: Callable[[Frame], None] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        self.dropped = self.damaged = 0
        self._source = source
        self._depth = depth
        self._live = live
        self._prepare = prepare
        self._interrupted = interrupted
        self._queue: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._stop = False
        self._done = False
        self._error: BaseException | None = None
        self._info: SourceInfo | None = None
        self._thread: threading.Thread | None = None

    @property
    def info(self) -> SourceInfo:
        if self._info is None:
            raise RuntimeError("a source knows what it is once it is open: use `with source:`")
        return self._info

    def __enter__(self) -> Self:
        # A daemon: a source that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="prefetch", daemon=True)
        self._thread.start()
        try:
            with self._changed:
                self._wait_for(lambda: self._info is not None or self._done)
        except BaseException:  # Ctrl-C while the source opens
            self.__exit__(None, None, None)
            raise
        if self._info is None and self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stop = True
            self._queue.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_GRACE_S)

    @property
    def waiting(self) -> int:
        """How many frames are ready."""
        return len(self._queue)

    def wait_for_first(self) -> None:
        """Return once a frame is there, or the source's end; raise what kept it from any."""
        with self._changed:
            self._wait_for(lambda: bool(self._queue) or self._done)
            if not self._queue and self._error is not None:
                raise self._error

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self._take()) is not None:
            yield frame
        if self._error is not None:
            raise self._error

    def _take(self) -> Frame | None:
        with self._changed:
            self._wait_for(lambda: bool(self._queue) or self._done or self._stop)
            if not self._queue:
                return None
            self._changed.notify_all()
            return self._queue.popleft()

    def _wait_for(self, ready: Callable[[], bool]) -> None:
        while not self._changed.wait_for(ready, _POLL_S):
            if self._interrupted():
                raise KeyboardInterrupt

    def _run(self) -> None:
        try:
            with self._source as source:
                with self._changed:
                    self._info = source.info
                    self._changed.notify_all()
                live = source.info.live if self._live is None else self._live
                after = None  # the index that follows the last one
                for frame in source:
                    self.damaged += 0 if after is None else frame.index - after
                    after = frame.index + 1
                    if self._prepare is not None and not live:
                        self._prepare(frame)
                    if not self._put(frame, live):
                        break
        except BaseException as error:  # whatever it is, it is the consumer's to raise
            self._error = error
        with self._changed:
            self._done = True
            self._changed.notify_all()

    def _put(self, frame: Frame, live: bool) -> bool:
        """Queue a frame; False when no more are wanted."""
        with self._changed:
            if live and len(self._queue) == self._depth:
                self._queue.popleft()
                self.dropped += 1
            self._changed.wait_for(lambda: len(self._queue) < self._depth or self._stop)
            if self._stop:
                return False
            self._queue.append(frame)
            self._changed.notify_all()
            return True
