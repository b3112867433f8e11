"""A live source in a process of its own: in one, several would wait for Python's lock in turn.

Of four cameras of 1280x720 on two cores, a fifth of the frames to half were dropped in one process,
and a twentieth in four (benchmarks/cameras.py, without a video).
"""

from __future__ import annotations

import multiprocessing
import signal
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Thread
from time import monotonic
from typing import Any, Self

from acme_tracker.cli.console import own_warnings
from acme_tracker.cli.progress import ProgressLine, ProgressLines
from acme_tracker.cli.signals import heard_signals
from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import ClassList, FrameResult, TrackEvent
from acme_tracker.detection.registry import open_detector
from acme_tracker.detection.sharing import device_of
from acme_tracker.errors import AcmeTrackerError, SourceError
from acme_tracker.frames import SourceInfo
from acme_tracker.interfaces import Detector
from acme_tracker.outputs import INTERRUPTED, ResultFolders, Run, Watcher, track_source
from acme_tracker.pipeline import Interrupt
from acme_tracker.resources import keep_freed_memory
from acme_tracker.video.base import BaseSource, SourceWarning
from acme_tracker.video.redaction import redact
from acme_tracker.video.sources import open_source

_POLL_S = 0.2
_LAST_WORDS_S = 5.0
_TELL_S = 0.25  # from one word about the progress to the next


@dataclass(frozen=True)
class Job:
    """What a process is to do: plain values, which pickle.

    Attributes:
        words: every source of the run.
    """

    word: str
    settings: TrackSettings
    base: Path
    words: Sequence[str]


@dataclass(frozen=True)
class Progress:
    """What has happened since the last time.

    Attributes:
        look: why the detector looked last, None if it did not yet.
    """

    frames: int
    tracks: int
    look: str | None


def track_one(
    source: BaseSource,
    settings: TrackSettings,
    detector: Detector,
    folders: ResultFolders,
    interrupt: Interrupt,
    watcher: Watcher,
    warned: Sequence[str],
) -> Run:
    """Track a source as the command does it, in whatever process."""
    return track_source(
        source,
        settings,
        detector,
        folders,
        interrupt=interrupt,
        watchers=[watcher],
        names={
            "detector": settings.detector.name,
            "visual_tracker": settings.visual_tracker.name,
            "device": device_of(detector),
        },
        warned=warned,
    )


def track_apart(job: Job, lines: ProgressLines, interrupt: Interrupt) -> Run:
    """Track a source in a process of its own, and wait for its end; what it says is said here.

    A process that dies is an error of its source. One whose parent dies ends its files and itself.
    """
    context = multiprocessing.get_context("spawn")  # forked threads and locks would hang
    ours, theirs = context.Pipe()
    process = context.Process(target=_track, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    with ours, ExitStack() as shown:
        line, told_to_stop = None, False
        while True:
            if interrupt.wanted and not told_to_stop:
                told_to_stop = True
                with suppress(OSError):
                    ours.send(None)
            try:
                told = ours.recv() if ours.poll(_POLL_S) else None
            except (EOFError, OSError):
                process.join()
                return _dead(job, process.exitcode)
            if isinstance(told, SourceInfo):
                line = shown.enter_context(ProgressLine(lines, told))
            elif isinstance(told, Progress) and line is not None:
                line.advance(told.frames, told.tracks, told.look)
            elif isinstance(told, str):
                warnings.warn(told, SourceWarning, stacklevel=1)
            elif isinstance(told, Run):
                process.join(_LAST_WORDS_S)  # what still hangs then is ended with this process
                return told


def _dead(job: Job, exit_code: int | None) -> Run:
    why = f"the process that tracked {redact(job.word)} died (exit code {exit_code})"
    error = SourceError(f"{why}; what it wrote is readable, track it again")
    return Run(f"failed: {error}", None, {}, error)


class _Line:
    """What a process says to its parent, from any thread."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._lock = Lock()

    def say(self, what: SourceInfo | Progress | Run | str) -> None:
        with self._lock, suppress(OSError):  # nobody listens any more
            self._connection.send(what)


class _Teller:
    """A sink that tells how a source goes on."""

    def __init__(self, line: _Line, info: SourceInfo) -> None:
        self._line, self._info = line, info
        self._frames, self._told_s = 0, monotonic()
        self._look: str | None = None

    def __enter__(self) -> Self:
        self._line.say(self._info)
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, result: FrameResult) -> None:
        self._frames += 1
        if result.look is not None:
            self._look = result.look.reason.value
        now = monotonic()
        if now - self._told_s >= _TELL_S:
            self._line.say(Progress(self._frames, len(result.tracks.confirmed), self._look))
            self._frames, self._told_s = 0, now

    def end(self, events: Sequence[TrackEvent]) -> None:
        """Nothing more to tell."""


def _track(job: Job, connection: Connection[Any, Any]) -> None:
    """The life of a process."""
    interrupt, line = Interrupt(), _Line(connection)
    for number in heard_signals():  # a terminal, or a supervisor, tells everyone
        signal.signal(number, lambda *_: interrupt.request())
    Thread(target=_hear, args=(connection, interrupt), daemon=True).start()
    keep_freed_memory()

    def tell(info: SourceInfo, _: ClassList) -> _Teller:
        return _Teller(line, info)

    try:
        with own_warnings(line.say):
            source = open_source(job.word, job.settings.source)
            with interrupt.heard_at_once():
                detector = open_detector(job.settings.detector)
            folders = ResultFolders(job.base, job.words)
            run = track_one(source, job.settings, detector, folders, interrupt, tell, source.warned)
    except AcmeTrackerError as error:
        run = Run(f"failed: {error}", None, {}, error)
    except KeyboardInterrupt:
        run = Run(INTERRUPTED, None, {})
    line.say(run)


def _hear(connection: Connection[Any, Any], interrupt: Interrupt) -> None:
    """Stop when the parent says so, or is gone."""
    with suppress(EOFError, OSError):
        connection.recv()
    interrupt.wanted = True
