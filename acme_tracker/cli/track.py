"""`acme-tracker track`: videos in, an annotated video and result files out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from acme_tracker.cli.apart import Job, track_apart, track_one
from acme_tracker.cli.config import Assignments, ConfigFile
from acme_tracker.cli.console import complain, output, shown_warnings
from acme_tracker.cli.progress import ProgressLines
from acme_tracker.cli.signals import heard_signals
from acme_tracker.config import TrackSettings, parse_assignments
from acme_tracker.detection.registry import open_detector
from acme_tracker.detection.sharing import SharedDetector, device_of
from acme_tracker.errors import ConfigError
from acme_tracker.interfaces import Detector, FrameWatcher
from acme_tracker.outputs import INTERRUPTED, ResultFolders, Run
from acme_tracker.pipeline import Interrupt, side_by_side
from acme_tracker.resources import keep_freed_memory
from acme_tracker.tracking.visual.registry import open_visual_tracker
from acme_tracker.video.base import BaseSource
from acme_tracker.video.sources import expand_sources, may_be_live, open_source

PATIENCE_S = 1.0  # signals this close together are one wish: a closing terminal sends several

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Video files, folders or globs of videos or of images, rtsp:// and http:// addresses, "
        "camera numbers (0), screen: or screen:X,Y,W,H.",
    ),
]


def track(
    sources: Sources,
    out: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where the results go.")
    ] = Path("out"),
    detector: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="See `acme-tracker models`.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights in place of the detector's own.")
    ] = None,
    visual_tracker: Annotated[
        str | None, typer.Option(metavar="NAME", help="What follows between detections.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="car,bus,...", help="Track only these.")
    ] = None,
    score: Annotated[
        float | None, typer.Option(help="Least score of a detection, and of one to begin a track.")
    ] = None,
    device: Annotated[str | None, typer.Option(metavar="auto|cpu|cuda")] = None,
    config: ConfigFile = None,
    set_: Assignments = None,
    no_video: Annotated[bool, typer.Option("--no-video", help="Write no annotated video.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show a window: q quits, space pauses, s saves.")
    ] = False,
    start: Annotated[
        float | None, typer.Option(metavar="S", help="Begin S seconds into the recording.")
    ] = None,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="Stop after S seconds of video.")
    ] = None,
    start_time: Annotated[
        str | None, typer.Option(metavar="ISO8601", help="Clock time of the first frame.")
    ] = None,
) -> None:
    """Detect and track road users, and leave an annotated video and result files.

    Files take turns; cameras and addresses run side by side.

    For each SOURCE, DIR/<name>/ gets annotated.mp4, tracks.csv, tracks.mot.txt, tracks.jsonl,
    tracks_summary.csv and summary.json. Exit code: 0, 2 after an error, 128 + the signal's number
    after Ctrl-C or SIGTERM; what was written so far stays readable.
    """
    flags: dict[str, Any] = {
        "detector.name": detector,
        "detector.weights": weights,
        "detector.classes": None if classes is None else _listed(classes),
        "detector.score": score,
        "detector.device": device,
        "visual_tracker.name": visual_tracker,
        "source.start_s": start,
        "source.duration_s": duration,
        "source.start_time": start_time,
        "output.video": False if no_video else None,
        "output.window": True if show else None,
    }
    given = {key: value for key, value in flags.items() if value is not None}
    begins = {} if score is None else {"lifecycle.start_score": score}
    settings = TrackSettings.load(config, {**begins, **parse_assignments(set_ or ()), **given})
    words = expand_sources(sources)
    keep_freed_memory()
    with _signals() as signals, shown_warnings() as warned:
        runs = _track_all(words, settings, out, signals, warned)
    if any(run.folder is not None for run in runs):
        output.print(_table(runs))
    _exit(runs, signals)


class _Signals(Interrupt):
    """An interrupt that remembers which signal asked for it, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self._asked_s = 0.0

    def handle(self, number: int, _: FrameType | None) -> None:
        if not self.wanted:
            self.number, self._asked_s = number, monotonic()
            self.request()
        elif monotonic() - self._asked_s > PATIENCE_S:
            # Asked again, in earnest: end at once. The files are made to be readable even so.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Ctrl-C, SIGTERM and a closed terminal end the run between frames; asked again, at once."""
    wanted = _Signals()
    before = {number: signal.signal(number, wanted.handle) for number in heard_signals()}
    try:
        yield wanted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _track_all(
    words: list[str], settings: TrackSettings, out: Path, signals: _Signals, warned: list[str]
) -> list[Run]:
    """Files in turn, what may be live beside them; an error ends its source, not the others."""
    # What is wrong with a word fails before any file is made.
    sources = [open_source(word, settings.source) for word in words]
    live = [source for source in sources if len(sources) > 1 and may_be_live(source.word)]
    if live and settings.output.window:
        raise ConfigError(
            f"--show wants one source at a time, got {len(sources)} of which {len(live)} run side "
            "by side; run a command for each"
        )
    open_visual_tracker(settings.visual_tracker)
    try:
        with signals.heard_at_once():
            detector = open_detector(settings.detector)
    except KeyboardInterrupt:
        return []
    tracking = _Tracking(settings, ResultFolders(out, words))
    if not live:
        return list(tracking.in_turn(sources, detector, signals, warned).values())
    recorded = [source for source in sources if source not in live]
    if device_of(detector) == "cpu":
        work = [Job(source.word, settings, out, words) for source in live]
        jobs = [partial(tracking.apart, *pair) for pair in zip(live, work, strict=True)]
    else:  # to look at all in one batch is worth more than a lock of their own
        shared = SharedDetector(detector)
        jobs = [partial(tracking.in_turn, [source], shared) for source in live]
        if recorded:  # in a batch with others, a picture's scores may differ in their last bits
            detector = open_detector(settings.detector)
    if recorded:
        jobs.append(partial(tracking.in_turn, recorded, detector))
    runs = {source: run for done in side_by_side(jobs, signals) for source, run in done.items()}
    return [runs[source] for source in sources if source in runs]


@dataclass(frozen=True)
class _Tracking:
    """What the sources of a command have in common."""

    settings: TrackSettings
    folders: ResultFolders
    lines: ProgressLines = field(default_factory=ProgressLines)

    def in_turn(
        self,
        sources: Sequence[BaseSource],
        detector: Detector,
        interrupt: Interrupt,
        warned: list[str] | None = None,
    ) -> dict[BaseSource, Run]:
        """Track one source after the other, until one is interrupted.

        `warned` gets what is said of a source and its window while it runs; None: of several that
        run side by side, what each says itself.
        """
        runs: dict[BaseSource, Run] = {}
        for source in sources:
            if warned is not None:
                del warned[:]
            said = source.warned if warned is None else warned
            if isinstance(detector, FrameWatcher):  # of one scene: it cannot be shared
                detector = open_detector(self.settings.detector)
            runs[source] = run = track_one(
                source, self.settings, detector, self.folders, interrupt, self.lines.line, said
            )
            _tell_error(run)
            if run.state == INTERRUPTED:
                break
        return runs

    def apart(self, source: BaseSource, job: Job, interrupt: Interrupt) -> dict[BaseSource, Run]:
        """Track one source in a process of its own."""
        run = track_apart(job, self.lines, interrupt)
        _tell_error(run)
        return {source: run}


def _tell_error(run: Run) -> None:
    if run.error is not None:
        complain("error", str(run.error))


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _table(runs: list[Run]) -> Table:
    """What the user wants to know at the end."""
    table = Table(
        *(Column(name, no_wrap=True) for name in ("state", "frames", "fps", "looks")),
        Column("tracks", min_width=10),
        Column("results", overflow="fold"),
    )
    for run in runs:
        if run.folder is None:
            continue
        report = run.report
        by_class = report["unique_tracks"]["by_class"]
        table.add_row(
            escape(run.state.partition(":")[0]),
            str(report["frames"]),
            f"{report['frames_per_second'] or 0:.1f}",
            str(report["detector_calls"]["total"]),
            "\n".join(f"{count} {name}" for name, count in by_class.items()) or "none",
            escape(str(run.folder)),
        )
    return table


def _exit(runs: list[Run], signals: _Signals) -> None:
    if signals.number:
        raise typer.Exit(128 + signals.number)
    if any(run.error is not None for run in runs):
        raise typer.Exit(2)
