"""torchvision's detectors in training: with heads for the classes of the data.

Their losses cannot be masked. So they learn plain classes, from images that label all of these; and
what is to be ignored is painted over. They see pictures of one size, as they will later, for they
resize what they get by themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import ClassList
from acme_tracker.detection.selection import Selector
from acme_tracker.detection.torchvision import (
    PREFIX,
    TorchvisionDetector,
    build_model,
    cached_weights,
    open_torchvision,
    read_weights,
    torchvision_labels,
    torchvision_names,
    trained_head,
)
from acme_tracker.errors import ConfigError, DetectorError, OutputError
from acme_tracker.networks.losses import Targets
from acme_tracker.training.data import TrainingData
from acme_tracker.training.detectors import DetectorLearner
from acme_tracker.training.geometry import PADDING
from acme_tracker.training.learning import Run
from acme_tracker.training.processes import ENOUGH_VALUES
from acme_tracker.training.samples import Batch
from acme_tracker.training.settings import TrainSettings
from acme_tracker.training.transfer import NONE, find_weights

_BACKGROUND = "__background__"
_LEAST_SCORE = 0.01
_SAME_IOU = 0.6
# The layers with one part a class, by their names.
_OF_CLASSES = re.compile(
    r"roi_heads\.box_predictor\.|head\.classification_head\.(cls_logits|module_list\.\d+(\.1)?)\.\w+$"
)
_OF_BOXES = ("loss_box_reg", "loss_rpn_box_reg", "bbox_regression")


class TorchvisionLearner(DetectorLearner):
    """A detector of torchvision."""

    backbone = ("backbone",)

    def __init__(self, data: TrainingData, settings: TrainSettings, device: torch.device) -> None:
        super().__init__(data, settings, device)
        self._name = settings.model.name.removeprefix(PREFIX)
        self._labels = (_BACKGROUND, *data.rules.outputs.names)
        self.network: nn.Module = build_model(self._name, len(self._labels), settings.input.size)
        self.network.to(device)

    @property
    def least_values(self) -> int:
        """See Learner; enough where no batch norm learns."""
        if self._name.startswith("ssdlite"):
            return 1  # its last map has one place whatever it is given; its heads have norms
        norms = any(isinstance(module, nn.BatchNorm2d) for module in self.network.modules())
        learnt = norms and not self.settings.fine_tuning.frozen_norms
        return super().least_values if learnt else ENOUGH_VALUES

    def begin(self) -> None:
        given = self.settings.model.weights
        if given == NONE:
            return
        path = find_weights(given)
        labels = torchvision_labels(self._name, trained_head(self._name, path))
        try:
            state = read_weights(self._name, path)
        except DetectorError as error:
            if path is not None:
                raise
            file = cached_weights(self._name)
            raise ConfigError(
                f"{PREFIX}{self._name} begins with {file.name}, which is not in {file.parent} and "
                "cannot be downloaded; put it there, give a file by model.weights, or begin with "
                "none: --set model.weights=none"
            ) from error
        take_over_labels(self.network, self._labels, state, labels)

    def losses(self, run: Run, batch: Batch) -> dict[str, Tensor]:
        targets = batch.targets.to(self.device)
        images = painted_over(batch.images.to(self.device), targets).float() / 255
        wanted = [
            {"boxes": targets.xyxy[mine], "labels": targets.positive[mine].argmax(1) + 1}
            for mine in (targets.image == number for number in range(len(images)))
        ]
        parts: dict[str, Tensor] = run(list(images), wanted)
        whole = torch.stack(list(parts.values())).sum()
        boxes = torch.stack([parts[name] for name in _OF_BOXES if name in parts]).sum()
        return {"loss": whole, "loss_scores": whole - boxes, "loss_boxes": boxes}

    def save(self, network: nn.Module, path: Path, notes: Mapping[str, str]) -> None:
        from safetensors.torch import save

        head = {"network": PREFIX + self._name, "labels": json.dumps(self._labels), **notes}
        tensors = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
        try:
            path.write_bytes(save(tensors, head))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None

    def detector(self, network: nn.Module) -> TorchvisionDetector:
        classes = ClassList(self._labels[1:])
        selector = Selector(self._labels, classes, _LEAST_SCORE, "per-kind", _SAME_IOU)
        return TorchvisionDetector(network, selector, self.device.type, torch.get_num_threads())

    def load(self, path: Path) -> TorchvisionDetector:
        settings = DetectorSettings(
            name=PREFIX + self._name,
            weights=path,
            score=_LEAST_SCORE,
            classes=self._labels[1:],
            device="cuda" if self.device.type == "cuda" else "cpu",
            threads=torch.get_num_threads(),
        )
        return open_torchvision(self._name, settings)


def trainable_names() -> list[str]:
    """The names of those that learn from boxes alone."""
    others = ("maskrcnn", "keypointrcnn")
    return [PREFIX + name for name in torchvision_names() if not name.startswith(others)]


def fitting(settings: TrainSettings) -> TrainSettings:
    """The settings as these models can use them: one size, no super-classes."""
    return settings.model_copy(
        update={
            "model": settings.model.model_copy(update={"super_classes": ()}),
            "input": settings.input.model_copy(update={"training_sizes": (settings.input.size,)}),
        }
    )


def painted_over(images: Tensor, targets: Targets) -> Tensor:
    """The pictures (B, 3, H, W), grey where nothing is to be learnt; labelled objects stay."""
    painted = images.clone()
    for number, (left, top, right, bottom) in _whole(targets.ignore_image, targets.ignore_xyxy):
        painted[number, :, top:bottom, left:right] = PADDING
    for number, (left, top, right, bottom) in _whole(targets.image, targets.xyxy):
        there = (number, slice(None), slice(top, bottom), slice(left, right))
        painted[there] = images[there]
    return painted


def _whole(image: Tensor, xyxy: Tensor) -> list[tuple[int, list[int]]]:
    return list(zip(image.tolist(), xyxy.round().int().tolist(), strict=True))


@torch.no_grad()
def take_over_labels(
    network: nn.Module,
    mine: Sequence[str],
    state: Mapping[str, Tensor],
    theirs: Sequence[str],
) -> None:
    """Copy weights of the same architecture; what belongs to a class goes by the class's name.

    Raises:
        ConfigError: they are of another architecture.
    """
    pairs = [(row, theirs.index(name)) for row, name in enumerate(mine) if name in theirs]
    rows, from_rows = map(list, zip(*pairs, strict=True))
    for key, value in network.state_dict().items():
        if key not in state and key.endswith("num_batches_tracked"):
            continue  # torchvision's frozen norms have none
        given = state.get(key)
        ours, other = (len(mine), len(theirs)) if _OF_CLASSES.match(key) else (1, 1)
        if (
            given is None
            or given.shape[1:] != value.shape[1:]
            or (value.shape and len(given) * ours != len(value) * other)
        ):
            raise ConfigError(f"model.weights are of another model: {key} does not fit")
        if ours == 1:
            value.copy_(given)
        elif "bbox_pred" in key:  # class by class
            shape = value.shape[1:]
            value.view(ours, -1, *shape)[rows] = given.to(value).view(other, -1, *shape)[from_rows]
        else:  # anchor by anchor
            shape = value.shape[1:]
            columns = given.to(value).view(-1, other, *shape)[:, from_rows]
            value.view(-1, ours, *shape)[:, rows] = columns
