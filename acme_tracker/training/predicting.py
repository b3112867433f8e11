"""Detects with a network that is still in training, in torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from acme_tracker.datatypes import Detections
from acme_tracker.detection.selection import Candidates, Selector
from acme_tracker.detection.smaller_vgg import MOST_CANDIDATES, ModelDetector, Size, TorchRunner
from acme_tracker.frames import Image
from acme_tracker.networks.outputs import Outputs

_SAME_IOU = 0.6


class TorchDetector(ModelDetector):
    """A Detector around a network as it is now."""

    def __init__(
        self,
        network: nn.Module,
        rules: Outputs,
        size: Size,
        device: torch.device,
        score: float = 0.01,
        batch: int = 8,
    ) -> None:
        select = Selector(rules.classes.names, rules.classes, score, "per-kind", _SAME_IOU)
        super().__init__(TorchRunner(network, size, str(device), batch=batch), rules, size, select)

    def detect_outputs(self, images: Sequence[Image]) -> list[Detections]:
        """See `find_outputs`."""
        return find_outputs(self, images)


def find_outputs(detector: ModelDetector, images: Sequence[Image]) -> list[Detections]:
    """Each output by itself: a car is found as a car and as a vehicle."""
    outputs, score = detector.rules.outputs, detector.select.score
    select = Selector(outputs.names, outputs, score, "per-class", _SAME_IOU)
    found = []
    for image, (xyxy, scores) in zip(images, detector.run(images), strict=True):
        row, label = np.nonzero(scores >= score)
        best = np.argsort(-scores[row, label], kind="stable")[:MOST_CANDIDATES]
        row, label = row[best], label[best]
        placed = detector.placement(image).to_picture(xyxy[row])
        candidates = Candidates(placed, scores[row, label], label.astype(np.int64))
        found.append(select(candidates, (image.shape[1], image.shape[0])))
    return found
