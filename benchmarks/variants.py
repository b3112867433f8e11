"""One measured run of one variant, in a process of its own; pipeline.py starts it.

    python benchmarks/variants.py '{"kind": "ours", "source": "VIDEO", ...}'

The argument is a Job, the last line on standard output a Measured, both as JSON.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self

import cv2
from cpu_meter import CpuMeter
from usual_loop import Tally, usual_loop

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import FrameResult, TrackEvent, Tracks
from acme_tracker.detection.registry import open_detector
from acme_tracker.drawing import Annotator
from acme_tracker.interfaces import Detector, FrameWatcher
from acme_tracker.outputs import ResultFolders, track_source
from acme_tracker.pipeline import one_thread_a_stage
from acme_tracker.resources import keep_freed_memory
from acme_tracker.results.lines import LineSink
from acme_tracker.tracking.redetection import SceneCuts
from acme_tracker.tracking.tracker import ObjectTracker
from acme_tracker.video.base import BaseSource
from acme_tracker.video.pixels import Pixels
from acme_tracker.video.prefetch import Prefetch
from acme_tracker.video.sinks import BackgroundSink, VideoSink
from acme_tracker.video.sources import open_source
from acme_tracker.video.writer import VideoWriter
from acme_tracker.yuv import Yuv

WARM_UP_S = 0.5  # of the clip, not measured: imports, caches, first allocations


@dataclass(frozen=True)
class Job:
    """What to run.

    Attributes:
        kind: "ours", "usual", or a floor: "decode" reads only, "transcode" also writes H.264.
        duration_s: of the clip; None: all of it.
        write_video: leave an annotated video ("ours" and "usual").
        threads: of the detector; and of OpenCV, but "ours" and floors pin it to one.
        overrides: of other settings, by their dotted keys.
    """

    kind: Literal["ours", "usual", "decode", "transcode"]
    source: str
    detector: str
    visual_tracker: str
    duration_s: float | None
    write_video: bool
    threads: int
    overrides: dict[str, Any] = field(default_factory=dict)

    def settings(self, duration_s: float | None) -> TrackSettings:
        return TrackSettings.load(
            overrides={
                "source.duration_s": duration_s,
                "detector.name": self.detector,
                "detector.threads": self.threads,
                "visual_tracker.name": self.visual_tracker,
                "output.video": self.write_video,
                **self.overrides,
            }
        )


@dataclass(frozen=True)
class Measured:
    """What it took.

    Attributes:
        cpu_ms: of the whole process, all threads, from opening the source to the finished files.
        stages_ms: CPU milliseconds of stages, in the threads that this program starts.
    """

    frames: int
    looks: int
    objects: int
    wall_s: float
    cpu_ms: float
    stages_ms: dict[str, float]


def measure(job: Job) -> Measured:
    """A short warm-up, then the run."""
    keep_freed_memory()
    cv2.setNumThreads(job.threads)
    meter = CpuMeter()
    _instrument(meter)
    with TemporaryDirectory() as folder:
        run(job, job.settings(WARM_UP_S), Path(folder, "warm-up"), meter)
        settings = job.settings(job.duration_s)
        return run(job, settings, Path(folder, "measured"), meter)


def run(job: Job, settings: TrackSettings, folder: Path, meter: CpuMeter) -> Measured:
    """Measure one run; what it writes goes into `folder`, which is made."""
    folder.mkdir()
    floors = {"decode": _decode, "transcode": _transcode}
    detector = None if job.kind in floors else _open_metered(settings, meter)
    meter.take_ms()
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    if detector is None:
        with one_thread_a_stage():
            tally = floors[job.kind](settings, job.source, folder)
    elif job.kind == "ours":
        tally = _ours(settings, job.source, folder, detector)
    else:
        out = folder / "annotated.mp4" if job.write_video else None
        with open_source(job.source, settings.source) as source:
            tally = usual_loop(source, detector, settings.lifecycle.start_score, out, meter)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return Measured(tally.frames, tally.looks, tally.objects, wall_s, 1000 * cpu_s, meter.take_ms())


class _Watch:
    """A sink that tallies what a run did."""

    def __init__(self) -> None:
        self.tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def write(self, result: FrameResult) -> None:
        self.tally.frames += 1
        self.tally.looks += result.look is not None
        self.tally.objects += len(result.tracks.confirmed)

    def end(self, events: Sequence[TrackEvent]) -> None: ...


def _ours(settings: TrackSettings, word: str, folder: Path, detector: Detector) -> Tally:
    """What `acme-tracker track` does with one source."""
    watch = _Watch()
    source = open_source(word, settings.source)
    run = track_source(
        source, settings, detector, ResultFolders(folder), watchers=[lambda *_: watch]
    )
    if run.error is not None:
        raise run.error
    return watch.tally


def _decode(settings: TrackSettings, word: str, _: Path) -> Tally:
    """Every frame's brightness, and nothing else."""
    tally = Tally()
    with open_source(word, settings.source) as source:
        for frame in source:
            frame.luma  # noqa: B018  made when asked for
            tally.frames += 1
    return tally


def _transcode(settings: TrackSettings, word: str, folder: Path) -> Tally:
    """The pipeline without a session: frames go through BGR into an H.264 file, in two threads."""
    tally = Tally()
    with Prefetch(open_source(word, settings.source)) as source:
        video = VideoSink(
            folder / "copy.mp4",
            source.info,
            settings.output,
            lambda result: Yuv.of_image(result.frame.image),
        )
        with BackgroundSink(video) as sink:
            for frame in source:
                sink.write(FrameResult(frame, Tracks.empty()))
                tally.frames += 1
    return tally


def _instrument(meter: CpuMeter) -> None:
    """Make stages of what all runs share; names are those of summary.json where it has them."""
    meter.wrap("decode", BaseSource, "__enter__")  # it decodes the first frames
    meter.wrap_items("decode", BaseSource, "__iter__")
    meter.wrap("decode", Pixels, "luma")
    meter.wrap("convert", Pixels, "image")
    meter.wrap("watch", SceneCuts, "watch")
    meter.wrap("follow", ObjectTracker, "predict")
    meter.wrap("associate", ObjectTracker, "correct")
    meter.wrap("draw", Annotator, "yuv")
    meter.wrap("encode", Yuv, "of_image")
    meter.wrap("encode", VideoWriter, "write")
    meter.wrap("encode", VideoWriter, "close")
    meter.wrap("rows", LineSink, "write")


def _open_metered(settings: TrackSettings, meter: CpuMeter) -> Detector:
    """A detector of its own for the run: one that watches its scene must begin anew."""
    detector = open_detector(settings.detector)
    for name in ("detect", "watch") if isinstance(detector, FrameWatcher) else ("detect",):
        # Our own models are frozen: setattr would refuse.
        object.__setattr__(detector, name, meter.wrapped(name, getattr(detector, name)))
    return detector


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # about the clip: the program itself would show them
    print(json.dumps(asdict(measure(Job(**json.loads(sys.argv[1]))))))
