"""Detectors in training: what all of them share, and SmallerVGG's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from acme_tracker.datatypes import ClassList
from acme_tracker.errors import DatasetError
from acme_tracker.interfaces import Detector
from acme_tracker.networks.decoding import STRIDES, Grid, make_grid
from acme_tracker.networks.losses import detection_loss
from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec
from acme_tracker.networks.weights import load_detector, save_detector
from acme_tracker.training.data import TrainingData
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.labels import LabelRules
from acme_tracker.training.learning import Run
from acme_tracker.training.pictures import batch_sheet, encoded, prediction_sheet
from acme_tracker.training.predicting import TorchDetector
from acme_tracker.training.processes import Processes
from acme_tracker.training.samples import Batch, open_loader
from acme_tracker.training.settings import TrainSettings
from acme_tracker.training.transfer import find_weights, take_over
from acme_tracker.training.validation import Find, validate


class DetectorLearner(ABC):
    """A Learner of boxes; see there."""

    network: nn.Module
    backbone: Sequence[str]
    divisible = False
    measure = "AP"

    def __init__(self, data: TrainingData, settings: TrainSettings, device: torch.device) -> None:
        self.data, self.settings, self.device = data, settings, device

    @abstractmethod
    def begin(self) -> None:
        """See Learner."""

    @abstractmethod
    def losses(self, run: Run, batch: Batch) -> dict[str, Tensor]:
        """See Learner."""

    @abstractmethod
    def save(self, network: nn.Module, path: Path, notes: Mapping[str, str]) -> None:
        """See Learner."""

    @abstractmethod
    def detector(self, network: nn.Module) -> Detector:
        """A network at work."""

    @abstractmethod
    def load(self, path: Path) -> Detector:
        """What `save` wrote, at work."""

    def finder(self, network: nn.Module) -> Find:
        """What validation goes by."""
        return self.detector(network).detect

    @property
    def least_values(self) -> int:
        """Places in the coarsest map of the smallest pictures."""
        sizes = (self.settings.input.size, *self.settings.input.training_sizes)
        return min(width // STRIDES[-1] * (height // STRIDES[-1]) for width, height in sizes)

    @property
    def names(self) -> Sequence[str]:
        return self.data.train.names

    def summary(self) -> str:
        data = self.data
        problems = len({*data.train.problems, *data.validation.problems})
        plural = "s" * (problems > 1)
        parts = (
            f"{len(data.train)} images to learn {', '.join(data.rules.outputs)} from",
            f" ({data.left_out} left out: they do not label them all)" * bool(data.left_out),
            f", {len(data.validation)} to validate on",
            " (the last ones: no split or setting names any)" * (not data.marked),
            f"; {problems} problem{plural}: `acme-tracker data check` tells" * bool(problems),
        )
        return "".join(parts)

    def fingerprint(self) -> dict[str, str | int]:
        return self.data.fingerprint

    def open_loader(self, order: EpochBatches) -> Iterable[Batch | DatasetError]:
        return open_loader(self.data, self.settings, order)

    def validate(self, network: nn.Module) -> dict[str, float]:
        return validate(self.finder(network), self.data, self.settings.validation.batch)

    def sheet(self, batch: Batch) -> bytes:
        return encoded(batch_sheet(batch, self.data.rules))

    def pictures(self, network: nn.Module) -> dict[str, bytes]:
        return {"predictions.jpg": encoded(prediction_sheet(self.detector(network), self.data))}


class SmallerVggLearner(DetectorLearner):
    """Our own detector: what an image's source does not label is masked out of the loss."""

    network: SmallerVggDetector
    backbone = ("stem", "stages")
    divisible = True

    def __init__(
        self,
        data: TrainingData,
        settings: TrainSettings,
        device: torch.device,
        processes: Processes,
    ) -> None:
        super().__init__(data, settings, device)
        model = settings.model
        names = data.rules.outputs.names
        self._spec = SmallerVggSpec(names, model.width, model.stem_stride, model.branches)
        self._processes = processes
        self.network = SmallerVggDetector(self._spec)
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def begin(self) -> None:
        weights = find_weights(self.settings.model.weights)
        if weights:
            take_over(self.network, weights)

    def losses(self, run: Run, batch: Batch) -> dict[str, Tensor]:
        images = batch.images.to(self.device, non_blocking=True)
        raw = run(images.contiguous(memory_format=torch.channels_last))
        losses = detection_loss(
            raw,
            batch.targets.to(self.device),
            _grid(batch.size, self.device),
            self.settings.optimisation.box_weight,
            self._processes.mean,
        )
        each = torch.tensor(losses.positives / len(images), device=self.device)
        return {
            "loss": losses.total,
            "loss_scores": losses.scores,
            "loss_boxes": losses.boxes,
            "points_per_image": each,
        }

    def save(self, network: nn.Module, path: Path, notes: Mapping[str, str]) -> None:
        save_detector(network, self._spec, path, notes)

    def detector(self, network: nn.Module) -> TorchDetector:
        size, batch = self.settings.input.size, self.settings.validation.batch
        return TorchDetector(network, self.data.rules, size, self.device, batch=batch)

    def finder(self, network: nn.Module) -> Find:
        """Each output by itself, super-classes too."""
        return self.detector(network).detect_outputs

    def load(self, path: Path) -> TorchDetector:
        network, _ = load_detector(path)
        rules = LabelRules(ClassList(tuple(network.spec.outputs)))
        return TorchDetector(network, rules, self.settings.input.size, self.device)


@lru_cache(maxsize=16)
def _grid(size: tuple[int, int], device: torch.device) -> Grid:
    return make_grid(size, device)
