"""What moves in front of a fixed camera: background subtraction, no weights needed."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import Boxes, ClassList, Detections
from acme_tracker.detection.selection import (
    MOVING,
    Candidates,
    Selector,
    check_images,
    select_classes,
)
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Frame, Image, Luma, grey

Mask = NDArray[np.uint8]  # (H, W), 255 where something moves

WORKING_SCORE = 0.0  # the rules below have thrown out what is no object
_SHORT_SIDE_PX = 360  # of the picture that is looked at: finer finds little more and costs more
_SQUARED_DISTANCE = 200.0  # grey levels, squared, between a pixel and its background
_MEMORY_S = 60.0  # what stands still for about a fifth of it becomes background
_WARM_UP_FRAMES = 10
_JUMP = 0.5  # share of the picture: more than this at once is the light or the camera
_GAP = 0.02  # of the short side: fragments nearer than this are one object
_LEAST_AREA = 0.0006  # of the picture
_NESTED = 0.7  # share of a fragment inside a larger one's box


class Background:
    """A model of one still scene of one size, fed with luma. KNN found more than MOG2 here."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape  # (H, W) of the luma
        shrink = min(1.0, _SHORT_SIDE_PX / min(shape))
        self._size = (max(1, round(shape[1] * shrink)), max(1, round(shape[0] * shrink)))
        self._seen = 0
        self._model = self._new_model()

    def learn(self, luma: Luma, elapsed_s: float) -> Mask:
        """Take the next frame in; what moves on it. Nothing does while the model warms up."""
        small = self._small(luma)
        # KNN draws from OpenCV's generator: seeded, so that runs repeat bit by bit.
        cv2.setRNGSeed(self._seen)
        rate = max(1 / (self._seen + 1), min(elapsed_s / _MEMORY_S, 0.5))
        mask = np.asarray(self._model.apply(small, learningRate=rate), np.uint8)
        self._seen += 1
        if self._seen <= _WARM_UP_FRAMES:
            return np.zeros_like(mask)
        if _share(mask) > _JUMP:
            self._seen, self._model = 0, self._new_model()
            return np.zeros_like(mask)
        return mask

    def compare(self, luma: Luma) -> Mask:
        """What differs from the background, learning nothing; luma may be of either range."""
        small = self._small(luma)
        if self._seen <= _WARM_UP_FRAMES:
            return np.zeros_like(small)
        background = self._model.getBackgroundImage()
        # A decoder's Y plane often spans 16..235 where OpenCV's grey of the same picture spans
        # 0..255: this picture is one of the two, and the background tells which.
        video = np.asarray(16 + small * (219 / 255), np.uint8)
        differences = (cv2.absdiff(one, background) for one in (small, video))
        nearest = min(differences, key=lambda difference: float(np.median(difference)))
        mask = np.where(nearest > _SQUARED_DISTANCE**0.5, 255, 0).astype(np.uint8)
        return mask if _share(mask) <= _JUMP else np.zeros_like(mask)

    @staticmethod
    def _new_model() -> cv2.BackgroundSubtractorKNN:
        # The history of 500 frames counts for nothing: every call gives its own rate.
        return cv2.createBackgroundSubtractorKNN(500, _SQUARED_DISTANCE, detectShadows=False)

    def _small(self, luma: Luma) -> Luma:
        if (luma.shape[1], luma.shape[0]) == self._size:
            return luma
        return np.asarray(cv2.resize(luma, self._size, interpolation=cv2.INTER_AREA), np.uint8)


class MotionDetector:
    """Boxes around what moves, class `moving`; the score is the share of the box that moves.

    One detector serves one camera. It should `watch` every frame; then a picture given to `detect`
    may be the last watched frame's image, a region cut from it (a view of it), or another whole
    picture of the scene. Where nobody calls `watch`, it learns from the pictures given to `detect`.
    """

    def __init__(self, selector: Selector) -> None:
        self._select = selector
        self.forget()

    @property
    def classes(self) -> ClassList:
        return self._select.classes

    def forget(self) -> None:
        """Start anew: the scene is another one."""
        self._background: Background | None = None
        self._frame: Frame | None = None
        self._mask: Mask = np.zeros((1, 1), np.uint8)  # of the last watched frame

    def watch(self, frame: Frame) -> None:
        before, self._frame = self._frame, frame
        elapsed_s = frame.time_s - before.time_s if before else 0
        self._mask = self._background_for(frame.luma).learn(frame.luma, max(elapsed_s, 0))

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        check_images(images)
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        size = (image.shape[1], image.shape[0])
        if self._frame is None:
            luma = grey(image)
            found = _blobs(self._background_for(luma).learn(luma, 0), size)
            return self._select(found, size)
        corner = corner_of(image, self._frame.image)
        if corner is not None:
            found = _blobs(self._mask, self._frame.size)
            shift = np.array(corner * 2, np.float32)
            return self._select(Candidates(found.xyxy - shift, found.score, found.label), size)
        if self._background is None or image.shape[:2] != self._background.shape:
            return Detections.empty()  # another camera's, or a copy of a region: nothing is known
        return self._select(_blobs(self._background.compare(grey(image)), size), size)

    def _background_for(self, luma: Luma) -> Background:
        """The scene's model; a new one where the camera changed its size."""
        if self._background is None or self._background.shape != luma.shape:
            self._background = Background(luma.shape)
        return self._background


def open_motion(settings: DetectorSettings) -> MotionDetector:
    """The motion detector with the settings' score."""
    if settings.weights is not None:
        raise ConfigError(f"detector motion takes no weights, got {settings.weights}")
    classes = select_classes((MOVING,), settings.classes, "detector motion")
    score = WORKING_SCORE if settings.score is None else settings.score
    return MotionDetector(Selector((MOVING,), classes, score))


def _share(mask: Mask) -> float:
    return cv2.countNonZero(mask) / mask.size


def corner_of(image: Image, whole: Image) -> tuple[int, int] | None:
    """Left and top of a picture that is a view into another; None if it is not."""
    if image.strides != whole.strides or not np.may_share_memory(image, whole):
        return None
    offset = image.ctypes.data - whole.ctypes.data
    top, left = divmod(offset, whole.strides[0])
    return left // whole.strides[1], top


def _blobs(mask: Mask, size: tuple[int, int]) -> Candidates:
    """Moving objects on a mask, in pixels of the picture of (width, height) it was made from."""
    rows, columns = mask.shape
    gap = max(3, int(_GAP * min(rows, columns)) | 1)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap))
    closed = cv2.morphologyEx(cv2.medianBlur(mask, 3), cv2.MORPH_CLOSE, ellipse)
    solid = np.asarray(closed, np.uint8)
    stats = cv2.connectedComponentsWithStats(solid)[2][1:]  # left, top, width, height, area
    stats = stats[stats[:, 4] >= _LEAST_AREA * mask.size]
    xyxy = _join_nested(boxes.from_ltwh(stats[:, :4].astype(np.float32)))
    score = _filled(solid, xyxy)
    scale = np.array((size[0] / columns, size[1] / rows) * 2, np.float32)
    return Candidates(xyxy * scale, score, np.zeros(len(xyxy), np.int64))


def _join_nested(xyxy: Boxes) -> Boxes:
    """Boxes grown by the smaller ones that lie mostly inside them."""
    xyxy = xyxy[np.argsort(-boxes.areas(xyxy), kind="stable")]
    joined = []
    while len(xyxy):
        inside = boxes.coverage(xyxy, xyxy[:1])[:, 0] >= _NESTED  # the first covers itself
        parts = xyxy[inside]
        joined.append(np.concatenate([parts[:, :2].min(axis=0), parts[:, 2:].max(axis=0)]))
        xyxy = xyxy[~inside]
    return np.array(joined, np.float32).reshape(-1, 4)


def _filled(mask: Mask, xyxy: Boxes) -> NDArray[np.float32]:
    """(N,) share of each box that is set."""
    sums = cv2.integral(mask // 255)
    left, top, right, bottom = xyxy.astype(np.intp).T
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray(inside / np.maximum(boxes.areas(xyxy), 1), np.float32)
