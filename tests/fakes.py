"""Fakes that stand in for the heavy parts: small, deterministic, and honest about the protocols."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import ClassList, Detections, Followed
from acme_tracker.frames import Frame, Image


def textured_scene(size: tuple[int, int] = (320, 240), seed: int = 0) -> Image:
    """A still picture (H, W, 3) with enough texture to follow things on it."""
    import cv2

    width, height = size
    noise = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    big = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.GaussianBlur(big, (0, 0), 2), np.uint8)


def moving_patches(
    starts: Sequence[tuple[float, float]],
    velocity: tuple[float, float],
    frames: int,
    patch: tuple[int, int] = (40, 30),
    size: tuple[int, int] = (320, 240),
) -> tuple[list[Frame], NDArray[np.float32]]:
    """Textured patches that glide over a textured scene: frames at 25 a second, truth (T, N, 4)."""
    import cv2

    background = textured_scene(size)
    looks = [textured_scene(patch, seed=100 + number) for number in range(len(starts))]
    made, truth = [], np.zeros((frames, len(starts), 4), np.float32)
    for t in range(frames):
        image = background.copy()
        for number, (x, y) in enumerate(starts):
            left, top = x + t * velocity[0], y + t * velocity[1]
            shift = np.array([[1, 0, left], [0, 1, top]], np.float32)
            cv2.warpAffine(looks[number], shift, size, image, borderMode=cv2.BORDER_TRANSPARENT)
            truth[t, number] = (left, top, left + patch[0], top + patch[1])
        made.append(Frame.of_image(image, t, t / 25, "fake"))
    return made, truth


class ScriptedDetector:
    """Gives the answers it was told, one a picture, and counts how often it was asked."""

    def __init__(self, answers: Sequence[Detections], classes: Sequence[str] = ("car",)) -> None:
        self.classes = ClassList(tuple(classes))
        self.calls = 0
        self._answers = list(answers)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        found = [
            self._answers[min(self.calls + i, len(self._answers) - 1)] for i in range(len(images))
        ]
        self.calls += len(images)
        return found


class ScriptedFollower:
    """A visual tracker whose targets stand still, with the quality (and trust) that a test sets."""

    sees = True

    def __init__(self) -> None:
        self.boxes: dict[int, NDArray[np.float32]] = {}
        self.quality = 1.0
        self.gives_up = False
        self.calls: list[tuple[str, list[int]]] = []

    def calibration(self, quality: NDArray[np.float32]) -> NDArray[np.float32]:
        return quality

    def start(self, frame: Frame, target_ids: NDArray[np.int64], xyxy: NDArray[np.float32]) -> None:
        assert not set(target_ids.tolist()) & set(self.boxes), "started twice"
        self._place("start", target_ids, xyxy)

    def refresh(
        self, frame: Frame, target_ids: NDArray[np.int64], xyxy: NDArray[np.float32]
    ) -> None:
        assert set(target_ids.tolist()) <= set(self.boxes), "refreshed before its start"
        self._place("refresh", target_ids, xyxy)

    def update(self, frame: Frame) -> Followed:
        count = len(self.boxes)
        xyxy = np.array(list(self.boxes.values()), np.float32).reshape(-1, 4)
        quality = np.full(count, self.quality, np.float32)
        ok = np.full(count, not self.gives_up)
        return Followed(np.array(list(self.boxes), np.int64), xyxy, quality, ok)

    def stop(self, target_ids: NDArray[np.int64]) -> None:
        self.calls.append(("stop", target_ids.tolist()))
        for target_id in target_ids.tolist():
            del self.boxes[target_id]

    def _place(self, call: str, target_ids: NDArray[np.int64], xyxy: NDArray[np.float32]) -> None:
        self.calls.append((call, target_ids.tolist()))
        self.boxes.update(zip(target_ids.tolist(), np.array(xyxy), strict=True))
