"""Detects with a network that is still in training, in torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from acme_tracker.datatypes import ClassList, Detections, Image
from acme_tracker.detection.selection import Candidates, Selector
from acme_tracker.networks.decoding import DecodedDetector
from acme_tracker.training.geometry import Size, fitting_matrix, lay_picture
from acme_tracker.training.labels import LabelRules

_MOST_CANDIDATES = 1000  # of a picture: an untrained network finds something everywhere
_SAME_IOU = 0.6

Floats = NDArray[np.float32]


class TorchDetector:
    """A Detector around a network; pictures are stretched to its input, as they will be later."""

    def __init__(
        self,
        network: nn.Module,
        rules: LabelRules,
        size: Size,
        device: torch.device,
        score: float = 0.01,
        batch: int = 8,
    ) -> None:
        self.classes = rules.classes
        self._rules, self._size, self._batch, self._device = rules, size, batch, device
        self._network = DecodedDetector(network, size).to(device).eval()
        self._select_output = _selector(rules.outputs, score, "per-class")
        self._select_class = _selector(self.classes, score, "per-kind")

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """One Detections an image, every object once, with the class_ids of `classes`."""
        found = []
        for image, (xyxy, scores) in zip(images, self._run(images), strict=True):
            by_class = self._rules.class_scores(scores)
            label = by_class.argmax(1)
            best = by_class.max(1)
            found.append(self._select(self._select_class, xyxy, best, label, image))
        return found

    def detect_outputs(self, images: Sequence[Image]) -> list[Detections]:
        """Each output by itself: a car is found as a car and as a vehicle."""
        found = []
        for image, (xyxy, scores) in zip(images, self._run(images), strict=True):
            row, label = np.nonzero(scores >= self._select_output.score)
            best = scores[row, label]
            found.append(self._select(self._select_output, xyxy[row], best, label, image))
        return found

    def _select(
        self, select: Selector, xyxy: Floats, score: Floats, label: NDArray[np.intp], image: Image
    ) -> Detections:
        rows = np.argsort(-score, kind="stable")[:_MOST_CANDIDATES]
        height, width = image.shape[:2]
        scale = np.array([width / self._size[0], height / self._size[1]] * 2, np.float32)
        found = Candidates(xyxy[rows] * scale, score[rows], label[rows].astype(np.int64))
        return select(found, (width, height))

    def _run(self, images: Sequence[Image]) -> list[tuple[Floats, Floats]]:
        """Boxes (N, 4) in pixels of the input and scores (N, K) of each image."""
        answers = []
        for first in range(0, len(images), self._batch):
            laid = [
                lay_picture(i, fitting_matrix((i.shape[1], i.shape[0]), self._size), self._size)
                for i in images[first : first + self._batch]
            ]
            blob = torch.from_numpy(np.stack(laid)[..., ::-1].copy()).permute(0, 3, 1, 2)
            with torch.inference_mode():
                xyxy, scores = self._network(blob.to(self._device).float())
            answers += list(zip(xyxy.cpu().numpy(), scores.cpu().numpy(), strict=True))
        return answers


def _selector(classes: ClassList, score: float, suppress: str) -> Selector:
    return Selector(classes.names, classes, score, suppress, _SAME_IOU)  # type: ignore[arg-type]
