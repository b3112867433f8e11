"""The values that flow through the program: parallel arrays, checked when they are made.

What comes in is in frames.py; all that is known of it is here.

Conventions, everywhere: pixels; `xyxy` is left, top, right, bottom with right and bottom exclusive,
in the frame as shown (after rotation); sizes are (width, height), array shapes (H, W); times are
seconds from the source's start; `score` is the detector's, `quality` an engine's raw score,
`confidence` a probability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acme_tracker.frames import Frame
from acme_tracker.tables import Table

Boxes = NDArray[np.float32]  # (N, 4) xyxy
Floats = NDArray[np.float32]


# --- Classes ------------------------------------------------------------------------------------

ROAD_USERS = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
SUPER_CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"vehicle": ("car", "bus", "truck"), "bike": ("bicycle", "motorcycle")}
)


@dataclass(frozen=True)
class ClassList:
    """The classes of one run or data set, in order; a `class_id` is an index into it.

    A super-class ("vehicle") stands for any of its members; it may also be a class of its own, for
    detectors and labels that know no finer one.
    """

    names: tuple[str, ...]
    super_classes: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict(SUPER_CLASSES)
    )

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"class names must be unique, got {', '.join(self.names)}")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def id_of(self, name: str) -> int:
        """The class_id of a name; KeyError, with the names there are, if it is none of them."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(f"{name!r} is none of the classes {', '.join(self.names)}") from None

    def members(self, name: str) -> tuple[int, ...]:
        """The class_ids that a class or super-class name stands for; () if it is unknown here."""
        wanted = (name, *self.super_classes.get(name, ()))
        return tuple(i for i, known in enumerate(self.names) if known in wanted)


# --- Parallel arrays ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Detections(Table):
    """What a detector found in one picture.

    Attributes:
        xyxy: (N, 4) float32, pixels.
        score: (N,) float32 in [0, 1].
        class_id: (N,) into the ClassList of whoever made them.
        class_scores: (N, C) float32, or None where the detector gives only the best class.
    """

    xyxy: Boxes
    score: NDArray[np.float32]
    class_id: NDArray[np.int64]
    class_scores: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        count = self._check("xyxy", np.float32, 4)
        self._check("score", np.float32, like=count)
        self._check("class_id", np.int64, like=count)
        if self.class_scores is not None:
            self._check("class_scores", np.float32, -1, like=count)

    @classmethod
    def empty(cls) -> Self:
        return cls.of((), (), ())

    @classmethod
    def of(cls, xyxy: ArrayLike, score: ArrayLike, class_id: ArrayLike) -> Self:
        """From anything that NumPy can read; an empty list is no detections."""
        return cls(np.asarray(xyxy), np.asarray(score), np.asarray(class_id))


@dataclass(frozen=True)
class Observation:
    """One look of the detector.

    Attributes:
        detections: what it found, in pixels of the whole frame.
        frame_index: the frame that it looked at.
        regions: (R, 4) where it looked, None for the whole frame. A track outside was not missed.
    """

    detections: Detections
    frame_index: int
    regions: Boxes | None = None


class TrackState(IntEnum):
    """A track's life: seen once or twice; known; known but not found just now (not shown)."""

    TENTATIVE = 0
    CONFIRMED = 1
    LOST = 2


@dataclass(frozen=True, eq=False)
class Tracks(Table):
    """Where the objects of one source are on one frame.

    Attributes:
        track_id: (N,) from 1; 0 for tentative tracks, which have none yet.
        xyxy: (N, 4) float32, pixels.
        velocity: (N, 2) float32, pixels a second, of the box's centre.
        class_id: (N,) the vote of the whole track so far.
        score: (N,) float32, of the detection that last matched.
        confidence: (N,) float32, probability that the box overlaps its object by IoU >= 0.5; NaN
            where the visual tracker gives none.
        quality: (N,) float32, the visual tracker's raw score; NaN where it gives none.
        state: (N,) TrackState.
        observed: (N,) bool, a detection on this very frame matched.
        variance: (N, 4) float32 of the centre's x and y, width and height, square pixels; None
            where nothing tells.
    """

    track_id: NDArray[np.int64]
    xyxy: Boxes
    velocity: NDArray[np.float32]
    class_id: NDArray[np.int64]
    score: NDArray[np.float32]
    confidence: NDArray[np.float32]
    quality: NDArray[np.float32]
    state: NDArray[np.int64]
    observed: NDArray[np.bool_]
    variance: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        count = self._check("track_id", np.int64)
        self._check("xyxy", np.float32, 4, like=count)
        self._check("velocity", np.float32, 2, like=count)
        self._check("class_id", np.int64, like=count)
        self._check("score", np.float32, like=count)
        self._check("confidence", np.float32, like=count)
        self._check("quality", np.float32, like=count)
        self._check("state", np.int64, like=count)
        self._check("observed", np.bool_, like=count)
        if self.variance is not None:
            self._check("variance", np.float32, 4, like=count)

    @classmethod
    def empty(cls) -> Self:
        return cls(**{f.name: np.empty(0) for f in fields(cls)})  # type: ignore[arg-type]

    @cached_property
    def confirmed(self) -> Self:
        """Those to show, store and count."""
        return self[self.state == TrackState.CONFIRMED]


@dataclass(frozen=True, eq=False)
class Followed(Table):
    """What a visual tracker says of its targets on one frame.

    Attributes:
        target_id: (N,) the caller's.
        xyxy: (N, 4) float32, pixels: the last good box where `ok` is False.
        quality: (N,) float32 raw score, NaN where the engine has none.
        ok: (N,) bool, False where the engine gave the target up.
    """

    target_id: NDArray[np.int64]
    xyxy: Boxes
    quality: NDArray[np.float32]
    ok: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = self._check("target_id", np.int64)
        self._check("xyxy", np.float32, 4, like=count)
        self._check("quality", np.float32, like=count)
        self._check("ok", np.bool_, like=count)


@dataclass(frozen=True, eq=False)
class TrackRows(Table):
    """Boxes with identities over a whole sequence: its truth, or a tracker's result.

    Attributes:
        frame_index: (N,) 0-based, whatever the file counted from.
        track_id: (N,) the file's.
        xyxy: (N, 4) float32, pixels.
        class_id: (N,) into the ClassList of whoever read them; -1 where the file says none.
        score: (N,) float32 in [0, 1], 1 for truth.
        scored: (N,) bool, False for boxes to ignore: to find one is neither right nor wrong.
        visibility: (N,) float32 in [0, 1], 1 where the file says none.
    """

    frame_index: NDArray[np.int64]
    track_id: NDArray[np.int64]
    xyxy: Boxes
    class_id: NDArray[np.int64]
    score: NDArray[np.float32]
    scored: NDArray[np.bool_]
    visibility: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = self._check("frame_index", np.int64)
        self._check("track_id", np.int64, like=count)
        self._check("xyxy", np.float32, 4, like=count)
        self._check("class_id", np.int64, like=count)
        self._check("score", np.float32, like=count)
        self._check("scored", np.bool_, like=count)
        self._check("visibility", np.float32, like=count)


# --- Events and results -------------------------------------------------------------------------


class EventKind(StrEnum):
    """What happened to a track."""

    CONFIRMED = "confirmed"
    ENDED = "ended"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class TrackLife:
    """A track from its first frame to its last on which it was shown; boxes as shown there."""

    track_id: int
    class_id: int
    first_frame: int
    last_frame: int
    first_time_s: float
    last_time_s: float
    path_length_px: float
    detections: int
    first_xyxy: tuple[float, float, float, float]
    last_xyxy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TrackEvent:
    """A change in the set of tracks, with the track's class and life up to then."""

    kind: EventKind
    frame_index: int
    time_s: float
    life: TrackLife
    into_track_id: int | None = None  # for MERGED: the track that goes on


class LookReason(StrEnum):
    """Why the detector looked, in the words that outputs use."""

    EVERY_FRAME = "every frame"
    CADENCE = "cadence"
    FIRST_FRAME = "first frame"
    LOW_CONFIDENCE = "low confidence"
    NEWCOMER = "newcomer"
    MOVEMENT = "movement"
    MAX_GAP = "max gap"
    SCENE_CUT = "scene cut"


@dataclass(frozen=True)
class Look:
    """A decision to detect on a frame: why, and where (`regions` None for the whole frame)."""

    reason: LookReason
    regions: Boxes | None = None


@dataclass(frozen=True)
class FrameResult:
    """Everything that one step of a session says about one frame.

    Attributes:
        tracks: all of them; sinks show and store `tracks.confirmed`.
        look: why the detector looked, None if it did not.
        observation: what it saw, None if it did not look.
        timings_ms: milliseconds by stage.
    """

    frame: Frame
    tracks: Tracks
    events: tuple[TrackEvent, ...] = ()
    look: Look | None = None
    observation: Observation | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
