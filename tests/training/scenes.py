"""A tiny data set to train on: bright cars and dark buses on grey roads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from acme_tracker.training.data import TrainingData, open_training_data
from acme_tracker.training.detectors import SmallerVggLearner
from acme_tracker.training.processes import ALONE, Processes
from acme_tracker.training.settings import TrainSettings
from acme_tracker.training.trainer import Trainer

CPU = torch.device("cpu")
SIZE = (96, 64)
TINY: dict[str, Any] = {
    "model.width": 0.125,
    "data.workers": 0,
    "input.size": [64, 64],
    "input.training_sizes": [[64, 32], [64, 64]],
    "optimisation.epochs": 2,
    "optimisation.batch": 4,
    "optimisation.warmup_steps": 2,
}


def write_data(folder: Path, train: int = 6, val: int = 2) -> Path:
    """A YOLO data set with pictures of (width, height) SIZE, two objects on each."""
    import cv2

    rng = np.random.default_rng(0)
    for split, count in (("train", train), ("val", val)):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True)
        for number in range(count):
            image = rng.integers(90, 130, (SIZE[1], SIZE[0], 3), np.uint8)
            lines = []
            for class_id, colour in enumerate(((250, 250, 250), (20, 20, 160))):
                left, top = (
                    int(rng.integers(48 * class_id, 48 * class_id + 20)),
                    int(rng.integers(36)),
                )
                image[top : top + 20, left : left + 26] = colour
                x, y = (left + 13) / SIZE[0], (top + 10) / SIZE[1]
                lines.append(f"{class_id} {x} {y} {26 / SIZE[0]} {20 / SIZE[1]}")
            cv2.imwrite(str(folder / "images" / split / f"{split}{number}.png"), image)
            text = "\n".join(lines)
            (folder / "labels" / split / f"{split}{number}.txt").write_text(text, encoding="utf-8")
    words = "train: images/train\nval: images/val\nnames: [car, bus]\n"
    (folder / "data.yaml").write_text(words, encoding="utf-8")
    return folder


def tiny(**more: Any) -> TrainSettings:
    """Settings for it; keys of `more` have __ in place of dots."""
    return TrainSettings.load(None, TINY | {k.replace("__", "."): v for k, v in more.items()})


def learner_of(
    data: TrainingData, settings: TrainSettings, processes: Processes = ALONE
) -> SmallerVggLearner:
    """SmallerVGG's detector, with the weights that the seed gives."""
    torch.manual_seed(settings.optimisation.seed)
    return SmallerVggLearner(data, settings, CPU, processes)


def begin(data: TrainingData, settings: TrainSettings, folder: Path, **more: Any) -> Trainer:
    """A run of it on the CPU, begun or resumed."""
    return Trainer(learner_of(data, settings), folder, CPU, **more)


def tiny_data(folder: Path, settings: TrainSettings | None = None) -> TrainingData:
    return open_training_data([write_data(folder)], settings or tiny())
