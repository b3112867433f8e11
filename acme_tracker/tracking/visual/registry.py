"""Visual trackers by name. A new one is an engine and a line here; the contract suite runs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from acme_tracker.config import VisualTrackerSettings, nearest
from acme_tracker.errors import ConfigError
from acme_tracker.interfaces import VisualTracker
from acme_tracker.tracking.visual.batched import batched_tracker
from acme_tracker.tracking.visual.dlib import dlib_tracker
from acme_tracker.tracking.visual.flow import flow_tracker
from acme_tracker.tracking.visual.kalman import kalman_tracker
from acme_tracker.tracking.visual.opencv import OPENCV_KINDS, opencv_tracker


def visual_tracker_names() -> tuple[str, ...]:
    return ("batched", "dlib", "flow", "kalman", *(f"opencv-{kind}" for kind in OPENCV_KINDS))


def open_visual_tracker(settings: VisualTrackerSettings) -> VisualTracker:
    """A new tracker that follows nothing yet; ConfigError for an unknown or unusable one."""
    makers: dict[str, Callable[[], VisualTracker]] = {
        "batched": partial(batched_tracker, settings.device),
        "dlib": dlib_tracker,
        "flow": flow_tracker,
        "kalman": kalman_tracker,
    }
    for kind in OPENCV_KINDS:
        makers[f"opencv-{kind}"] = partial(opencv_tracker, kind, settings.weights)
    if settings.name not in makers:
        hint = nearest(settings.name, visual_tracker_names())
        raise ConfigError(f"there is no visual tracker {settings.name!r}{hint}")
    if settings.device != "cpu" and settings.name != "batched":
        raise ConfigError(
            f"visual_tracker.device is {settings.device}, but {settings.name} runs on the CPU alone"
        )
    return makers[settings.name]()
