"""OpenCV's single-object trackers, all behind one adapter."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from acme_tracker.errors import ConfigError
from acme_tracker.frames import Frame
from acme_tracker.tracking.visual.one_by_one import Box, OneByOne
from acme_tracker.tracking.visual.resting import Resting
from acme_tracker.tracking.visual.targets import EngineTracker

OPENCV_KINDS = ("csrt", "kcf", "mil", "mosse", "medianflow", "vit")

SMALLEST_PX = 8  # smaller boxes grow to this: MIL searches a 4x4 box without end, others throw


class OpenCVTarget:
    """One of OpenCV's trackers.

    No quality except ViT's score: the others have none or answer -1. CSRT and MIL say success
    whatever they see; MOSSE, MedianFlow, ViT, and KCF at times, do give up.
    """

    def __init__(self, kind: str, tracker: Any, frame: Frame, box: Box) -> None:
        self._tracker = tracker
        self._has_score = kind == "vit"
        tracker.init(frame.image, _rectangle(box, frame.size))

    def follow(self, frame: Frame) -> tuple[float, float, float, float, float] | None:
        try:
            found, (left, top, width, height) = self._tracker.update(frame.image)
        except cv2.error:  # its box left the picture, or shrank to nothing
            return None
        if not found:
            return None
        quality = self._tracker.getTrackingScore() if self._has_score else np.nan
        return left, top, left + width, top + height, quality


def opencv_tracker(kind: str, weights: Path | None = None) -> EngineTracker:
    """`kind` is one of OPENCV_KINDS; `weights` is the network of vit."""
    make = _maker(kind, weights)

    def begin(frame: Frame, box: Box) -> OpenCVTarget | None:
        _seed()
        try:
            return OpenCVTarget(kind, make(), frame, box)
        except cv2.error:  # MIL finds no samples in a corner of the picture
            return None

    return EngineTracker(Resting(OneByOne(begin)))


def _maker(kind: str, weights: Path | None) -> Callable[[], Any]:
    if kind == "vit":
        return _vit_maker(weights)
    module, name = {
        "csrt": ("cv2", "TrackerCSRT_create"),
        "kcf": ("cv2", "TrackerKCF_create"),
        "mil": ("cv2", "TrackerMIL_create"),
        "mosse": ("cv2.legacy", "TrackerMOSSE_create"),
        "medianflow": ("cv2.legacy", "TrackerMedianFlow_create"),
    }[kind]
    home: Any = cv2 if module == "cv2" else getattr(cv2, "legacy", None)
    make = getattr(home, name, None)
    if make is None:
        raise ConfigError(
            f"visual tracker 'opencv-{kind}' is not in this OpenCV: pip uninstall opencv-python, "
            "then pip install --force-reinstall opencv-contrib-python"
        )
    return make  # type: ignore[no-any-return]


def _vit_maker(weights: Path | None) -> Callable[[], Any]:
    wanted = "visual tracker 'opencv-vit' needs visual_tracker.weights, the path of OpenCV's ViT"
    if weights is None:
        raise ConfigError(f"{wanted} tracking network (an ONNX file)")
    if not weights.is_file():
        raise ConfigError(f"{wanted} tracking network; there is no file {weights}")
    try:
        network = cv2.dnn.readNet(str(weights))  # read once, shared by all targets
        make: Any = cv2.TrackerVit.create
        return partial(make, network)
    except cv2.error:
        raise ConfigError(f"{wanted} tracking network; OpenCV cannot read {weights}") from None


def _seed() -> None:
    """MIL and MOSSE begin at random; MIL by C's own generator, which OpenCV does not seed."""
    cv2.setRNGSeed(1)
    ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).srand(1)


def _rectangle(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Whole left, top, width, height inside the picture, no side below SMALLEST_PX."""
    limit = np.array(size)
    corner = np.clip(np.rint(box[:2]).astype(int), 0, np.maximum(limit - SMALLEST_PX, 0))
    side = np.clip(np.rint(box[2:]).astype(int) - corner, SMALLEST_PX, limit - corner)
    return int(corner[0]), int(corner[1]), int(side[0]), int(side[1])
