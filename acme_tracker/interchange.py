"""To and from supervision.Detections, the type that Roboflow's tools and many others take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import ClassList, Detections, Tracks, TrackState

if TYPE_CHECKING:
    import supervision

CLASS_NAME = "class_name"  # supervision's own key
TRACK_COLUMNS = ("velocity", "confidence", "quality", "state", "observed")  # kept in `data`


def to_supervision(boxes: Detections | Tracks, classes: ClassList) -> supervision.Detections:
    """With `class_name` in `data`; tracks bring `tracker_id` and `TRACK_COLUMNS` along.

    `confidence` there is what it means to supervision: the detector's score.
    """
    import supervision as sv

    names = np.array([classes.names[i] for i in boxes.class_id], dtype=np.str_)
    data: dict[str, Any] = {CLASS_NAME: names}
    if isinstance(boxes, Tracks):
        data |= {name: getattr(boxes, name).copy() for name in TRACK_COLUMNS}
    return sv.Detections(
        xyxy=boxes.xyxy.copy(),
        confidence=boxes.score.copy(),
        class_id=boxes.class_id.copy(),
        tracker_id=boxes.track_id.copy() if isinstance(boxes, Tracks) else None,
        data=data,
    )


def from_supervision(boxes: supervision.Detections, classes: ClassList) -> Detections:
    """The boxes of any supervision detector: classes by name where there are names, else by number.

    Raises:
        ValueError: for boxes without classes, and for a class that is not in `classes`.
    """
    return Detections.of(boxes.xyxy, _scores(boxes), _class_ids(boxes, classes))


def tracks_from_supervision(boxes: supervision.Detections, classes: ClassList) -> Tracks:
    """The boxes of any supervision tracker: confirmed, observed and at rest unless they say more.

    Raises:
        ValueError: for boxes without `tracker_id`, and as `from_supervision`.
    """
    count = len(boxes)
    if boxes.tracker_id is None and count:
        raise ValueError("boxes must have tracker_id, got none: has a tracker seen them?")
    assumed: dict[str, Any] = {
        "velocity": np.zeros((count, 2)),
        "confidence": np.full(count, np.nan),
        "quality": np.full(count, np.nan),
        "state": np.full(count, TrackState.CONFIRMED),
        "observed": np.ones(count),
    }
    return Tracks(
        track_id=np.asarray(() if boxes.tracker_id is None else boxes.tracker_id),
        xyxy=np.asarray(boxes.xyxy, np.float32),
        class_id=_class_ids(boxes, classes),
        score=_scores(boxes),
        **{name: np.asarray(boxes.data.get(name, assumed[name])) for name in TRACK_COLUMNS},
    )


def _scores(boxes: supervision.Detections) -> NDArray[Any]:
    """1 where the boxes say none."""
    return np.ones(len(boxes)) if boxes.confidence is None else boxes.confidence


def _class_ids(boxes: supervision.Detections, classes: ClassList) -> NDArray[np.int64]:
    names = boxes.data.get(CLASS_NAME)
    if names is not None:
        try:
            return np.array([classes.id_of(str(name)) for name in names], np.int64)
        except KeyError as error:
            raise ValueError(error.args[0]) from None
    if len(boxes) == 0:
        return np.empty(0, np.int64)
    if boxes.class_id is None:
        raise ValueError("boxes must have class_id or data['class_name'], got neither")
    class_id = np.asarray(boxes.class_id, np.int64)
    if class_id.min() < 0 or class_id.max() >= len(classes):
        raise ValueError(f"class_id must be in 0..{len(classes) - 1}, got {class_id.tolist()}")
    return class_id
