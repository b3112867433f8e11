"""tracks_summary.csv, a row a track; and summary.json, the run in figures."""

from __future__ import annotations

import json
import math
import platform
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any, Self

from acme_tracker import __version__
from acme_tracker.datatypes import ClassList, EventKind, FrameResult, TrackEvent, TrackLife
from acme_tracker.frames import SourceInfo
from acme_tracker.results.lines import LineSink, clock_text, csv_line, write_whole

EDGES = ("left_px", "top_px", "width_px", "height_px")
SUMMARY_COLUMNS = (
    "source",
    "track_id",
    "class",
    "first_frame",
    "last_frame",
    "first_time_s",
    "last_time_s",
    "first_clock_time",
    "last_clock_time",
    "duration_s",
    "path_length_px",
    "detections",
    *(f"first_{edge}" for edge in EDGES),
    *(f"last_{edge}" for edge in EDGES),
)


class TracksSummaryCsv(LineSink):
    """Writes `SUMMARY_COLUMNS`, a row a track as it ends, with its final class."""

    def __init__(self, path: Path, info: SourceInfo, classes: ClassList) -> None:
        super().__init__(path)
        self._info = info
        self._names = classes.names

    def _header(self) -> Iterator[str]:
        yield ",".join(SUMMARY_COLUMNS)

    def _lines(self, result: FrameResult) -> Iterator[str]:
        return self._last_lines(result.events)

    def _last_lines(self, events: Sequence[TrackEvent]) -> Iterator[str]:
        for event in events:
            if event.kind is EventKind.ENDED:
                yield csv_line(self._row(event.life))

    def _row(self, life: TrackLife) -> Iterable[object]:
        return (
            self._info.source_id,
            life.track_id,
            self._names[life.class_id],
            life.first_frame,
            life.last_frame,
            f"{life.first_time_s:.3f}",
            f"{life.last_time_s:.3f}",
            clock_text(self._info, life.first_time_s),
            clock_text(self._info, life.last_time_s),
            f"{life.last_time_s - life.first_time_s:.3f}",
            f"{life.path_length_px:.1f}",
            life.detections,
            *_ltwh(life.first_xyxy),
            *_ltwh(life.last_xyxy),
        )


class RunSummary:
    """Adds a run up for summary.json: the only result with times of the machine in it.

    Args:
        names: what did the work: `{"detector": ..., "visual_tracker": ..., "device": ...}`.
        configuration: the effective settings, as plain values.
        clock: seconds of the machine.
    """

    def __init__(
        self,
        info: SourceInfo,
        classes: ClassList,
        names: Mapping[str, str],
        configuration: Mapping[str, Any],
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._info = info
        self._classes = classes
        self._names = dict(names)
        self._configuration = configuration
        self._clock = clock
        self._started = clock()
        self._wall_s: float | None = None
        self._frames = 0
        self._times_s = (0.0, 0.0)  # of the first and the last frame
        self._step_s = math.inf  # from the last frame but one to the last
        self._looks: Counter[str] = Counter()
        self._stages_ms: defaultdict[str, float] = defaultdict(float)
        self._ended: Counter[int] = Counter()  # tracks by class_id
        self._alive: dict[int, int] = {}  # track_id: class_id

    def __enter__(self) -> Self:
        self._started = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall_s = self._clock() - self._started

    def write(self, result: FrameResult) -> None:
        frame, tracks = result.frame, result.tracks.confirmed
        if self._frames:
            self._step_s = frame.time_s - self._times_s[1]
        self._times_s = (self._times_s[0] if self._frames else frame.time_s, frame.time_s)
        self._frames += 1
        if result.look is not None:
            self._looks[result.look.reason.value] += 1
        for stage, ms in result.timings_ms.items():
            self._stages_ms[stage] += ms
        self._alive.update(zip(tracks.track_id.tolist(), tracks.class_id.tolist(), strict=True))
        self.end(result.events)

    def end(self, events: Sequence[TrackEvent]) -> None:
        for event in events:
            if event.kind is EventKind.CONFIRMED:
                self._alive.setdefault(event.life.track_id, event.life.class_id)
                continue
            self._alive.pop(event.life.track_id, None)
            if event.kind is EventKind.ENDED:  # a merged track goes on as another
                self._ended[event.life.class_id] += 1

    def report(
        self,
        state: str = "complete",
        warnings: Sequence[str] = (),
        more_stages_ms: Mapping[str, float] | None = None,
        dropped_frames: int = 0,
        damaged_frames: int = 0,
        undrawn_frames: int = 0,
    ) -> dict[str, Any]:
        """The figures so far.

        Args:
            state: "complete", "interrupted" or "failed: why".
            warnings: what the user was told.
            more_stages_ms: totals of stages outside the session, such as decoding.
            dropped_frames: of a live source, those that came too fast.
            damaged_frames: those that the source itself had to leave out, or numbers that the names
                of a sequence's pictures leave out.
            undrawn_frames: tracked, but not in the video: of a live source, those that came faster
                than they could be drawn and encoded.
        """
        wall_s = self._clock() - self._started if self._wall_s is None else self._wall_s
        stages_ms = {**self._stages_ms, **(more_stages_ms or {})}
        return {
            **whose(self._info),
            "state": state,
            "frames": self._frames,
            "dropped_frames": dropped_frames,
            "damaged_frames": damaged_frames,
            "undrawn_frames": undrawn_frames,
            "duration_s": round(self._duration_s(), 3),
            "wall_s": round(wall_s, 3),
            "frames_per_second": round(self._frames / wall_s, 2) if wall_s > 0 else None,
            "stages_ms": {
                stage: {"mean": round(ms / max(1, self._frames), 4), "total": round(ms, 2)}
                for stage, ms in stages_ms.items()
            },
            "detector_calls": {"total": self._looks.total(), "by_reason": dict(self._looks)},
            "unique_tracks": self._unique_tracks(),
            "warnings": list(warnings),
            **self._names,
            "versions": versions(),
            "configuration": self._configuration,
        }

    def _duration_s(self) -> float:
        """From the first frame's start to the last one's end.

        A frame is shown no longer than the one before it: a long pause makes the mean rate low.
        """
        shown_s = self._times_s[1] - self._times_s[0]
        if self._info.frame_rate and self._frames:
            return shown_s + min(1 / self._info.frame_rate, self._step_s)
        return shown_s * self._frames / (self._frames - 1) if self._frames > 1 else 0.0

    def _unique_tracks(self) -> dict[str, Any]:
        """Tracks that ended and those still alive, classes in the run's order."""
        count = self._ended + Counter(self._alive.values())
        by_class = {name: count[i] for i, name in enumerate(self._classes) if count[i]}
        return {"total": count.total(), "by_class": by_class}


def whose(info: SourceInfo) -> dict[str, str]:
    """What summary.json says of its source: that it was this one."""
    return {"source": info.source_id, **({} if info.file is None else {"file": info.file})}


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as a file that is whole at any time."""
    write_whole(path, json.dumps(report, indent=2, ensure_ascii=False, default=str) + "\n")


def versions() -> dict[str, str | None]:
    """Of this program and of what its results depend on; None for what is not installed."""
    packages = {
        "torch": ("torch",),
        "torchvision": ("torchvision",),
        "opencv": ("opencv-contrib-python", "opencv-contrib-python-headless", "opencv-python"),
        "openvino": ("openvino",),
        "dlib": ("dlib-bin", "dlib"),
        "av": ("av",),
        "numpy": ("numpy",),
    }
    found = {name: _installed(candidates) for name, candidates in packages.items()}
    return {"acme_tracker": __version__, "python": platform.python_version(), **found}


@cache  # to look them up takes as long as half a frame, for each clip of a thousand
def _installed(candidates: tuple[str, ...]) -> str | None:
    """The version of the first installed distribution."""
    for name in candidates:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _ltwh(xyxy: tuple[float, float, float, float]) -> list[str]:
    left, top, right, bottom = xyxy
    return [f"{value:z.2f}" for value in (left, top, right - left, bottom - top)]
