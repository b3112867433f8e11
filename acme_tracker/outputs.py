"""One source from beginning to end, into a folder of results."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from acme_tracker.config import OutputSettings, TrackSettings
from acme_tracker.datatypes import ClassList
from acme_tracker.drawing import Annotator
from acme_tracker.errors import AcmeTrackerError, OutputError
from acme_tracker.frames import SourceInfo
from acme_tracker.interfaces import Detector, FrameSink, FrameSource
from acme_tracker.observers import Ahead
from acme_tracker.pipeline import (
    Interrupt,
    TimedSource,
    drive,
    one_thread_a_stage,
    open_session,
)
from acme_tracker.results.csv import TracksCsv
from acme_tracker.results.jsonl import FramesJsonl
from acme_tracker.results.lines import write_whole
from acme_tracker.results.mot import MotText
from acme_tracker.results.summary import RunSummary, TracksSummaryCsv, whose, write_report
from acme_tracker.timing import Stopwatch
from acme_tracker.video.prefetch import Prefetch
from acme_tracker.video.sinks import BackgroundSink, VideoSink
from acme_tracker.video.window import StopRequested, WindowSink
from acme_tracker.video.writer import unfinished

TRACKS = "tracks.csv"
MOT = "tracks.mot.txt"
FRAMES = "tracks.jsonl"
TRACKS_SUMMARY = "tracks_summary.csv"
VIDEO = "annotated.mp4"
SUMMARY = "summary.json"
RESULTS = (TRACKS, MOT, FRAMES, TRACKS_SUMMARY, VIDEO, SUMMARY)

RUNNING = "running"
COMPLETE = "complete"
INTERRUPTED = "interrupted"

Watcher = Callable[[SourceInfo, ClassList], FrameSink]  # a sink that only looks: a progress line


@dataclass(frozen=True)
class Run:
    """How tracking a source went.

    Attributes:
        folder: where its results are; None if it could not even be opened.
        report: what summary.json says; empty without a folder.
        error: what ended it too early, None if nothing did.
    """

    state: str
    folder: Path | None
    report: Mapping[str, Any]
    error: AcmeTrackerError | None = None


class ResultFolders:
    """Gives every source of a run a folder of its own.

    A recording's results can be made again, so they replace those of its earlier runs, and of
    nothing else: not those of another source of the same name or of a run that is still at work,
    not files of their names that no run is known to have left, not a file that is itself a source.
    A live source's cannot be made again: where some are, its folder is named by the time.

    Args:
        base: the folder of folders.
        sources: every source of the run: files among them are never overwritten.
    """

    def __init__(self, base: Path, sources: Sequence[str] = ()) -> None:
        self._base = base
        self._taken: set[Path] = set()
        self._making = Lock()
        self._inputs = {Path(word).resolve() for word in sources if Path(word).is_file()}

    @contextmanager
    def hold(self, info: SourceInfo) -> Iterator[Path]:
        """A folder that no other source of this or another run writes to, with nothing in it yet.

        Sources that run at the same time may ask at the same time.

        Raises:
            OutputError: it cannot be made, or not be written to.
        """
        with self._making:
            try:
                folder, claim = self._claim(info)
            except OSError as error:  # it may not even be looked at
                raise _cannot_make(self._base / info.name, error) from None
        try:
            _empty(folder, info)
            yield folder
        finally:
            os.close(claim)

    def _claim(self, info: SourceInfo) -> tuple[Path, int]:
        plain = self._base / info.name
        if info.live and plain.exists() and info.started_at is not None:
            plain = plain.with_name(f"{info.name}-{info.started_at:%Y%m%dT%H%M%SZ}")
        folder, number = plain, 2
        while not self._is_free(folder, info) or (claim := _lock(folder)) is None:
            folder, number = plain.with_name(f"{plain.name}-{number}"), number + 1
        self._taken.add(folder)
        return folder, claim

    def _is_free(self, folder: Path, info: SourceInfo) -> bool:
        """Whether nothing is lost if this source's results go there."""
        if folder in self._taken or any(
            (folder / name).resolve() in self._inputs for name in RESULTS
        ):
            return False
        return not folder.exists() or (not info.live and _may_replace(folder, info))


def _lock(folder: Path) -> int | None:
    """Make a folder and hold it while the file that this gives is open; None: another run does.

    Whatever ends a run, the system lets go of its folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":  # folders cannot be locked there
            return os.open(os.devnull, os.O_RDONLY)
        claim = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _cannot_make(folder, error) from None
    import fcntl

    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claim)
        return None
    except OSError:  # a file system without locks
        pass
    return claim


def _empty(folder: Path, info: SourceInfo) -> None:
    """Take an earlier run's results out, and say that one has begun."""
    try:
        for path in (*(folder / name for name in RESULTS), unfinished(folder / VIDEO)):
            path.unlink(missing_ok=True)
        write_whole(folder / SUMMARY, _begun(info))
    except OSError as error:
        raise _cannot_make(folder, error) from None


def _cannot_make(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot make the folder {folder}: {error.strerror}; give another with -o")


def _begun(info: SourceInfo) -> str:
    """What summary.json says until the run is over."""
    return json.dumps({**whose(info), "state": RUNNING}) + "\n"


def _may_replace(folder: Path, info: SourceInfo) -> bool:
    """Whether a folder holds this source's results, or none.

    Its file tells: words like `video.mp4` mean another one elsewhere. Older summaries and addresses
    have the word alone.
    """
    try:
        told = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        source, file = str(told["source"]), told.get("file")
    except (OSError, ValueError, KeyError, TypeError):
        return not any((folder / name).exists() for name in RESULTS)
    if info.file is None or file is None:
        return source == info.source_id
    return str(file) == info.file


def result_sinks(
    folder: Path,
    info: SourceInfo,
    classes: ClassList,
    settings: OutputSettings,
    timings: Stopwatch | None = None,
    interrupt: Interrupt | None = None,
    hurried: Callable[[], bool] = lambda: False,
) -> list[FrameSink]:
    """Everything that `acme-tracker track` leaves of a source, but its summary.json.

    The time of drawing and encoding, which run in a thread of their own, goes to `timings`; frames
    of a live source are left out of its video and window while `hurried` says so. A paused window
    ends with `interrupt`.
    """
    interrupt = interrupt or Interrupt()
    urgent = hurried if info.live else None  # recordings wait
    sinks: list[FrameSink] = [
        TracksCsv(folder / TRACKS, info, classes),
        MotText(folder / MOT),
        FramesJsonl(folder / FRAMES, info, classes),
        TracksSummaryCsv(folder / TRACKS_SUMMARY, info, classes),
    ]
    if settings.video:
        annotate = Annotator(classes, settings.trail_s, info)
        video = VideoSink(folder / VIDEO, info, settings, annotate.yuv, timings)
        sinks.append(BackgroundSink(video, hurried=urgent))
    if settings.window:  # the last: where the user stops the run, the others have the frame
        annotate = Annotator(classes, settings.trail_s, info)
        sinks.append(
            WindowSink(
                info.name,
                annotate,
                folder,
                info.pixel_aspect,
                interrupted=lambda: interrupt.wanted,
                hurried=urgent,
            )
        )
    return sinks


def track_source(
    source: FrameSource,
    settings: TrackSettings,
    detector: Detector,
    folders: ResultFolders,
    *,
    interrupt: Interrupt | None = None,
    watchers: Sequence[Watcher] = (),
    names: Mapping[str, str] | None = None,
    warned: Sequence[str] = (),
) -> Run:
    """Track one source, not yet open, with a fresh tracker; errors of the user's kind are returned.

    Any other is a defect: it is raised, once the results say that the run failed.

    Args:
        source: where the frames come from.
        settings: everything else.
        detector: shared by the run's sources, unless it watches its scene.
        folders: gives the place for the results.
        interrupt: asked between frames whether to stop.
        watchers: make more sinks, which only look.
        names: what did the work, for summary.json.
        warned: the warnings that were shown; it may grow during the run.
    """
    interrupt = interrupt or Interrupt()
    timed, behind = TimedSource(source), Stopwatch()
    ahead = Ahead.of(settings, detector)
    prepare = None if ahead is None else ahead.begin
    frames = Prefetch(timed, prepare=prepare, interrupted=lambda: interrupt.wanted)
    folder: Path | None = None
    report: Callable[[str], dict[str, Any]] | None = None  # by the state that the run ended in
    state, failure = COMPLETE, None
    try:
        with ExitStack() as stack:
            stack.enter_context(one_thread_a_stage())
            stack.enter_context(ahead or nullcontext())
            with interrupt.heard_at_once():
                stack.enter_context(frames)
                info = frames.info
                if not info.live:  # without a frame, an earlier run's results stay
                    frames.wait_for_first()
            folder = stack.enter_context(folders.hold(info))
            session = stack.enter_context(open_session(info, settings, detector, ahead))
            configuration = settings.model_dump(mode="json")
            summary = RunSummary(info, session.classes, names or {}, configuration)
            results = result_sinks(
                folder,
                info,
                session.classes,
                settings.output,
                behind,
                interrupt,
                hurried=lambda: frames.waiting > 1,  # one may have come early
            )
            report = partial(_report, summary, warned, timed, behind, frames, results)
            watching = [make(info, session.classes) for make in watchers]
            opened = [stack.enter_context(sink) for sink in (summary, *watching, *results)]
            drive(frames, session, opened, interrupt)
    except (KeyboardInterrupt, StopRequested):
        state = INTERRUPTED
    except AcmeTrackerError as error:
        state, failure = f"failed: {error}", error
    except Exception as error:
        if folder is not None and report is not None:
            _write(folder, report(f"failed: {type(error).__name__}: {error}"))
        raise
    if folder is None or report is None:
        return Run(state, None, {}, failure)
    told = report(state)
    unwritten = _write(folder, told)
    return Run(state, folder, told, failure or unwritten)


def _report(
    summary: RunSummary,
    warned: Sequence[str],
    source: TimedSource,
    behind: Stopwatch,
    frames: Prefetch,
    sinks: Sequence[FrameSink],
    state: str,
) -> dict[str, Any]:
    """What summary.json says in the end."""
    stages_ms = {"decode": source.total_ms, **behind.take_ms()}
    undrawn = sum(sink.left_out for sink in sinks if isinstance(sink, BackgroundSink))
    return summary.report(state, warned, stages_ms, frames.dropped, frames.damaged, undrawn)


def _write(folder: Path, report: Mapping[str, Any]) -> OutputError | None:
    """Leave a run's summary.json; what kept it from being written."""
    try:
        write_report(folder / SUMMARY, report)
    except OutputError as error:
        return error
    return None
