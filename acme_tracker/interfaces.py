"""The protocols between the parts: implement one, register it, and the contract suite tests it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import (
    Boxes,
    ClassList,
    Detections,
    Followed,
    FrameResult,
    Observation,
    TrackEvent,
    Tracks,
)
from acme_tracker.frames import Frame, Image, SourceInfo

Ids = NDArray[np.int64]


class FrameSource(Protocol):
    """Frames of one video, stream, camera or folder, in order of time.

    A context manager: it holds nothing open before `__enter__`. `time_s` never goes back. What
    cannot be read raises SourceError, also in the middle, after the frames that could be read.
    """

    @property
    def info(self) -> SourceInfo:
        """What the open source is; RuntimeError before `__enter__`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


class Detector(Protocol):
    """Finds objects in pictures: whole frames, regions of them, or frames of several sources."""

    @property
    def classes(self) -> ClassList: ...

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """One Detections an image (H, W, 3) BGR, boxes clipped to it, best score first."""
        ...


@runtime_checkable
class FrameWatcher(Protocol):
    """A part that must see every frame of its one source, looked at or not (a background model)."""

    def watch(self, frame: Frame) -> None: ...

    def forget(self) -> None:
        """Start anew: the scene is another one."""
        ...


class Calibration(Protocol):
    """Turns an engine's raw quality into a probability that IoU >= 0.5."""

    def __call__(self, quality: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) -> (N,) in [0, 1]; NaN stays NaN."""
        ...


class VisualTracker(Protocol):
    """Follows targets from frame to frame by their looks (or by their motion alone).

    Targets are the caller's integers. The sequence on every frame is `update`, then any of `start`,
    `refresh`, `stop`. Boxes may touch or leave the picture and be tiny; that must not raise.
    """

    @property
    def sees(self) -> bool:
        """False for motion alone: its boxes are predictions, not measurements."""
        ...

    @property
    def calibration(self) -> Calibration | None:
        """From quality to confidence; None where the engine's quality says nothing."""
        ...

    def start(self, frame: Frame, target_ids: Ids, xyxy: Boxes) -> None:
        """Follow new targets (N,) from their boxes (N, 4); ValueError for one already followed."""
        ...

    def refresh(self, frame: Frame, target_ids: Ids, xyxy: Boxes) -> None:
        """Correct followed targets to detected boxes; KeyError for an unknown one."""
        ...

    def update(self, frame: Frame) -> Followed:
        """Where all targets are on a new frame, in the order they were started."""
        ...

    def stop(self, target_ids: Ids) -> None:
        """Forget targets; KeyError for an unknown one."""
        ...


class Tracker(Protocol):
    """Keeps identities. On each frame `predict`, then `correct` if the detector looked."""

    def predict(self, frame: Frame) -> Tracks: ...

    def correct(self, frame: Frame, observation: Observation) -> Tracks:
        """Tracks after an observation; an unmatched track outside its regions is not missed."""
        ...

    def take_events(self) -> tuple[TrackEvent, ...]:
        """What happened on this frame: call it once a frame, after the last `correct`."""
        ...

    def hide(self) -> None:
        """Lose every track: the picture shows something else. Some may be found again."""
        ...

    def reset(self) -> None:
        """End every track; ids go on counting."""
        ...


class FrameSink(Protocol):
    """Takes results one by one: a file, a window, a counter. Opens on the first frame.

    A context manager: `__exit__` closes whatever happened, and leaves what was written readable.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def write(self, result: FrameResult) -> None: ...

    def end(self, events: Sequence[TrackEvent]) -> None:
        """The source is over: what ended with it."""
        ...
