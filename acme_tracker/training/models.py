"""The kinds of models that can be trained, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from acme_tracker.config import nearest
from acme_tracker.errors import ConfigError
from acme_tracker.training.learning import Learner
from acme_tracker.training.processes import ALONE, Processes
from acme_tracker.training.settings import TrainSettings

SMALLER_VGG = "smaller-vgg"
CLASSIFIER = "smaller-vgg-classifier"


def open_learner(
    paths: Sequence[Path],
    settings: TrainSettings,
    device: torch.device,
    processes: Processes = ALONE,
) -> Learner[Any]:
    """The model that the settings name, and its data.

    Raises:
        ConfigError: there is no such model, or it cannot learn what the settings want.
        DatasetError: no images to learn from or to validate on.
    """
    from acme_tracker.training import classifier, data, detectors, torchvision

    torch.manual_seed(settings.optimisation.seed)
    name = settings.model.name
    if name == SMALLER_VGG:
        images = data.open_training_data(paths, settings)
        return detectors.SmallerVggLearner(images, settings, device, processes)
    if name == CLASSIFIER:
        return classifier.ClassifierLearner(paths, settings, device)
    if name in model_names():
        settings = torchvision.fitting(settings)
        images = data.open_training_data(paths, settings, complete=True)
        return torchvision.TorchvisionLearner(images, settings, device)
    raise ConfigError(f"no model {name!r} to train{nearest(name, model_names())}")


def model_names() -> list[str]:
    """What `model.name` can be."""
    from acme_tracker.training.torchvision import trainable_names

    return [SMALLER_VGG, CLASSIFIER, *trainable_names()]
