"""Frame results made by hand: a car that is shown, one that is lost, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from math import nan
from typing import Any

import numpy as np

from acme_tracker.datatypes import (
    ClassList,
    Detections,
    EventKind,
    FrameResult,
    Look,
    LookReason,
    Observation,
    TrackEvent,
    TrackLife,
    Tracks,
    TrackState,
)
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.interfaces import FrameSink

CLASSES = ClassList(("car", "bus"))
INFO = SourceInfo(
    "road, north.mp4",
    "road",
    (320, 240),
    frame_rate=25,
    started_at=datetime(2024, 5, 1, 8, 30, tzinfo=UTC),
)
UNDATED = SourceInfo("road.mp4", "road", (320, 240), frame_rate=25)


def tracks(*rows: dict[str, Any]) -> Tracks:
    """Tracks from what differs from a confirmed, predicted car without confidence."""
    usual: dict[str, Any] = {
        "track_id": 1,
        "xyxy": (10, 20, 50, 50),
        "velocity": (25, 0),
        "class_id": 0,
        "score": 0.9,
        "confidence": nan,
        "quality": nan,
        "state": TrackState.CONFIRMED,
        "observed": False,
    }
    if not rows:
        return Tracks.empty()
    return Tracks(**{name: np.array([{**usual, **row}[name] for row in rows]) for name in usual})


def result(
    index: int, *rows: dict[str, Any], time_s: float | None = None, **more: Any
) -> FrameResult:
    """A black 320x240 frame at 25 a second, with tracks."""
    image = np.zeros((240, 320, 3), np.uint8)
    frame = Frame.of_image(image, index, index / 25 if time_s is None else time_s)
    return FrameResult(frame, tracks(*rows), **more)


def looked(reason: LookReason, count: int = 1, regions: Any = None) -> dict[str, Any]:
    """The part of a result that says that the detector looked."""
    seen = Detections.of([(0, 0, 5, 5)] * count, [0.5] * count, [0] * count)
    return {"look": Look(reason, regions), "observation": Observation(seen, 0, regions)}


def event(kind: EventKind, track_id: int = 1, class_id: int = 0, into: int | None = None) -> Any:
    life = TrackLife(
        track_id, class_id, 0, 2, 0.0, 0.08, 12.345, 2, (10, 20, 50, 50), (12, 20, 52, 50)
    )
    return TrackEvent(kind, 2, 0.08, life, into)


def story() -> list[FrameResult]:
    """A look finds a car; an empty frame; the car, followed, beside a lost and a tentative one."""
    lost = {"track_id": 2, "state": TrackState.LOST}
    tentative = {"track_id": 0, "state": TrackState.TENTATIVE}
    return [
        result(
            0,
            {"observed": True},
            events=(event(EventKind.CONFIRMED),),
            **looked(LookReason.FIRST_FRAME),
        ),
        result(1),
        result(2, {"confidence": 0.75, "quality": 11.5, "xyxy": (-1, 20, 39, 50)}, lost, tentative),
    ]


def tell(sink: FrameSink, results: Iterable[FrameResult], ends: Iterable[TrackEvent] = ()) -> None:
    """A whole run of a sink."""
    with sink:
        for one in results:
            sink.write(one)
        sink.end(tuple(ends))
