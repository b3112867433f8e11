"""tracks.jsonl: one JSON object a frame, empty frames too, with why the detector looked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.datatypes import ClassList, Floats, FrameResult, TrackEvent, TrackLife, Tracks
from acme_tracker.frames import SourceInfo
from acme_tracker.results.lines import LineSink, clock_text


class FramesJsonl(LineSink):
    """Writes frame_index, time_s, clock_time, look, tracks, events; unknown values are null.

    Boxes are `xyxy`, right and bottom exclusive. A frame is written when the next one comes, so
    that what ends with the source stands among the events of its last frame.
    """

    def __init__(self, path: Path, info: SourceInfo, classes: ClassList) -> None:
        super().__init__(path)
        self._info = info
        self._names = classes.names
        self._last: dict[str, Any] | None = None

    def __exit__(self, *raised: object) -> None:
        try:
            self._put(self._take_last())
        finally:
            super().__exit__(*raised)

    def _lines(self, result: FrameResult) -> Iterator[str]:
        yield from self._take_last()
        frame = result.frame
        self._last = {
            "frame_index": frame.index,
            "time_s": round(frame.time_s, 3),
            "clock_time": clock_text(self._info, frame.time_s) or None,
            "look": _look(result),
            "tracks": self._tracks(result.tracks.confirmed),
            "events": [self._event(event) for event in result.events],
        }

    def _last_lines(self, events: Sequence[TrackEvent]) -> Iterator[str]:
        if self._last is not None:
            self._last["events"] += [self._event(event) for event in events]
        return self._take_last()

    def _take_last(self) -> Iterator[str]:
        if self._last is not None:
            last, self._last = self._last, None
            yield json.dumps(last, separators=(",", ":"), allow_nan=False, ensure_ascii=False)

    def _tracks(self, tracks: Tracks) -> list[dict[str, Any]]:
        return [
            {
                "track_id": track_id,
                "class": self._names[class_id],
                "xyxy": box,
                "velocity": velocity,
                "score": score,
                "confidence": confidence,
                "quality": quality,
                "observed": observed,
            }
            for track_id, class_id, box, velocity, score, confidence, quality, observed in zip(
                tracks.track_id.tolist(),
                tracks.class_id.tolist(),
                _rounded(tracks.xyxy, 2),
                _rounded(tracks.velocity, 2),
                _known(tracks.score, 4),
                _known(tracks.confidence, 4),
                _known(tracks.quality, 2),
                tracks.observed.tolist(),
                strict=True,
            )
        ]

    def _event(self, event: TrackEvent) -> dict[str, Any]:
        return {
            "kind": event.kind.value,
            "frame_index": event.frame_index,
            "time_s": round(event.time_s, 3),
            "track_id": event.life.track_id,
            "class": self._names[event.life.class_id],
            "into_track_id": event.into_track_id,
            "life": _life(event.life),
        }


def _look(result: FrameResult) -> dict[str, Any] | None:
    if result.look is None:
        return None
    seen, regions = result.observation, result.look.regions
    return {
        "reason": result.look.reason.value,
        # Of the picture that the detector saw: a camera's is past when its answer comes.
        "frame_index": None if seen is None else seen.frame_index,
        "regions": None if regions is None else _rounded(regions, 2),
        "detections": None if seen is None else len(seen.detections),
    }


def _life(life: TrackLife) -> dict[str, Any]:
    return {
        "first_frame": life.first_frame,
        "last_frame": life.last_frame,
        "first_time_s": round(life.first_time_s, 3),
        "last_time_s": round(life.last_time_s, 3),
        "path_length_px": round(life.path_length_px, 1),
        "detections": life.detections,
        "first_xyxy": [round(edge, 2) for edge in life.first_xyxy],
        "last_xyxy": [round(edge, 2) for edge in life.last_xyxy],
    }


def _rounded(values: Floats, decimals: int) -> list[Any]:
    """What Python's own rounding gives: a float32 times 10000 is exact in a float64."""
    rounded: list[Any] = np.round(values.astype(np.float64), decimals).tolist()
    return rounded


def _known(values: Floats, decimals: int) -> list[float | None]:
    return [None if math.isnan(value) else value for value in _rounded(values, decimals)]
