"""The training loop: epochs, validation, checkpoints, and going on from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import torch
from torch import nn

from acme_tracker.datatypes import ClassList
from acme_tracker.errors import AcmeTrackerError, ConfigError, DatasetError
from acme_tracker.networks.decoding import Grid, make_grid
from acme_tracker.networks.losses import Losses, detection_loss
from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec
from acme_tracker.networks.weights import load_detector, save_detector
from acme_tracker.training.averaging import MovingAverage
from acme_tracker.training.data import TrainingData
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.labels import LabelRules
from acme_tracker.training.pictures import batch_sheet, draw_curves, encoded, prediction_sheet
from acme_tracker.training.predicting import TorchDetector
from acme_tracker.training.run_folder import BEST, Row, RunFolder
from acme_tracker.training.samples import Batch, open_loader
from acme_tracker.training.settings import OptimisationSettings, TrainSettings
from acme_tracker.training.transfer import take_over
from acme_tracker.training.validation import measure, validate

_NAMED = 8  # images named when a loss is not finite


class TrainingError(AcmeTrackerError):
    """The training cannot go on."""


class Step(NamedTuple):
    """How far a run is: for progress lines.

    Attributes:
        epoch: 0-based; step: of `steps` in this epoch, from 1.
        loss: of this step.
        best: the best validation AP so far, percent, None before the first.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    best: float | None


Watch = Callable[[Step], None]


@dataclass
class Progress:
    """What a run remembers between its epochs: plain values, for the checkpoint.

    Attributes:
        epoch: how many are done.
        step: how many steps are done.
        best: the best validation AP so far; best_epoch: after how many epochs.
        rows: the figures of every epoch.
    """

    epoch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int = 0
    rows: list[Row] = field(default_factory=list)


class Trainer:
    """One run, in its folder; resumed, it goes on as if it had never stopped."""

    def __init__(
        self,
        data: TrainingData,
        settings: TrainSettings,
        folder: Path,
        device: torch.device,
        resume: bool = False,
        watch: Watch = lambda _: None,
    ) -> None:
        """Begin a run, or take up the one in the folder.

        Raises:
            OutputError: the folder holds a run already, or cannot be written to.
            ConfigError: there is nothing to resume, or it has other settings or data.
        """
        self.data, self.settings, self.device = data, settings, device
        self.folder = RunFolder(folder)
        self._watch = watch
        model, schedule = settings.model, settings.optimisation
        names = data.rules.outputs.names
        self.spec = SmallerVggSpec(names, model.width, model.stem_stride, model.branches)
        torch.manual_seed(schedule.seed)
        self.network = SmallerVggDetector(self.spec)
        if model.weights and not resume:
            take_over(self.network, model.weights)
        self.network.to(device)
        self.network.to(memory_format=torch.channels_last)
        self.average = MovingAverage(self.network, schedule.average)
        self.optimizer = _optimizer(self.network, schedule)
        self.progress = Progress()
        self._batches = EpochBatches(data.train.names, settings)
        self._fingerprint = data.fingerprint
        if resume:
            self._restore(self.folder.resume(settings, self._fingerprint))
        else:
            self.folder.begin(settings, self._fingerprint)
            self._save()

    def run(self) -> Progress:
        """Train until the epochs are done or validation AP rises no more.

        Raises:
            TrainingError: the loss is not finite; says on which batch.
            DatasetError: an image cannot be read.
        """
        loader = open_loader(self.data, self.settings, self._batches)
        while not self.finished:
            self._batches.epoch = self.progress.epoch
            row = self._one_epoch(iter(loader))
            self.progress.epoch += 1
            if self._validates_now():
                row |= self._validate()
            self.progress.rows.append(row)
            self._save()
        return self.progress

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the patience is over."""
        progress, patience = self.progress, self.settings.validation.patience_epochs
        stalled = progress.best is not None and progress.epoch - progress.best_epoch >= patience
        return stalled or progress.epoch >= self.settings.optimisation.epochs

    def _one_epoch(self, batches: Iterator[Batch | DatasetError]) -> Row:
        """Every batch once; the epoch's figures, as means over its steps."""
        self.network.train()
        start, sums = perf_counter(), torch.zeros(5, dtype=torch.float64)
        for number, batch in enumerate(batches):
            if isinstance(batch, DatasetError):
                raise batch
            if self.progress.step == 0:
                self.folder.write("samples.jpg", encoded(batch_sheet(batch, self.data.rules)))
            losses, norm = self._one_step(batch, number)
            each = losses.positives / len(batch.images)
            scalars = (losses.total.item(), losses.scores.item(), losses.boxes.item(), norm, each)
            sums += torch.tensor(scalars, dtype=torch.float64)
            self._tell(number, scalars[0])
        steps = len(self._batches)
        seconds = perf_counter() - start
        names = ("loss", "loss_scores", "loss_boxes", "gradient_norm", "points_per_image")
        return {
            "epoch": self.progress.epoch + 1,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            **dict(zip(names, (sums / steps).tolist(), strict=True)),
            "images_per_s": steps * self.settings.optimisation.batch / seconds,
        }

    def _one_step(self, batch: Batch, number: int) -> tuple[Losses, float]:
        """The losses of a batch, and the length of its gradient; one step down it."""
        schedule = self.settings.optimisation
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.progress.step, len(self._batches), schedule)
        images = batch.images.to(self.device, non_blocking=True).float()
        half = schedule.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            raw = self.network(images.contiguous(memory_format=torch.channels_last))
        targets = batch.targets.to(self.device)
        losses = detection_loss(raw, targets, _grid(batch.size, self.device), schedule.box_weight)
        if not math.isfinite(losses.total.item()):
            raise TrainingError(self._not_finite(batch, number, losses))
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), schedule.clip_norm)
        self.optimizer.step()
        self.average.update(self.network)
        self.progress.step += 1
        return losses, norm.item()

    def _not_finite(self, batch: Batch, number: int, losses: Losses) -> str:
        names = list(dict.fromkeys(name for names in batch.names for name in names))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return (
            f"the loss is {losses.total.item()} (scores {losses.scores.item()}, boxes "
            f"{losses.boxes.item()}) in epoch {self.progress.epoch + 1}, batch {number + 1}, made "
            f"of {', '.join(names[:_NAMED])}{more}; look at these, or lower "
            "optimisation.learning_rate"
        )

    def _validates_now(self) -> bool:
        every, last = self.settings.validation.every_epochs, self.settings.optimisation.epochs
        return self.progress.epoch % every == 0 or self.progress.epoch == last

    def _validate(self) -> dict[str, float]:
        """The average's figures; if they are the best so far, it is kept."""
        detector = self.detector()
        figures = validate(detector, self.data, self.settings.validation.batch)
        value, progress = measure(figures), self.progress
        self.folder.write("predictions.jpg", encoded(prediction_sheet(detector, self.data)))
        if progress.best is None or value > progress.best:
            progress.best, progress.best_epoch = value, progress.epoch
            notes = {
                "epoch": str(progress.epoch),
                "size": "{}x{}".format(*self.settings.input.size),
                "data_sha256": str(self._fingerprint["sha256"]),
                **{name: f"{figure:.2f}" for name, figure in figures.items()},
            }
            network = self.average.network
            self.folder.replace(BEST, lambda path: save_detector(network, self.spec, path, notes))
        return figures

    def detector(self) -> TorchDetector:
        """The moving average as a detector."""
        size, batch = self.settings.input.size, self.settings.validation.batch
        network = self.average.network
        return TorchDetector(network, self.data.rules, size, self.device, batch=batch)

    def _tell(self, number: int, loss: float) -> None:
        progress, epochs = self.progress, self.settings.optimisation.epochs
        steps = len(self._batches)
        self._watch(Step(progress.epoch, epochs, number + 1, steps, loss, progress.best))

    def _save(self) -> None:
        """The checkpoint first: whatever else there is follows from it."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "average_updates": self.average.updates,
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
        }
        self.folder.save_checkpoint(state, self.settings, self._fingerprint)
        self._write_figures()

    def _restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.average.updates = state["average_updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        self._write_figures()

    def _write_figures(self) -> None:
        rows = self.progress.rows
        if rows:
            self.folder.write_metrics(rows)
            self.folder.replace("curves.png", lambda path: draw_curves(rows, path))


def rate_at(step: int, steps_per_epoch: int, settings: OptimisationSettings) -> float:
    """The learning rate of a step: a linear warm-up, then half a cosine down."""
    share = step / (steps_per_epoch * settings.epochs)
    low = settings.final_rate
    cosine = low + (1 - low) * (1 + math.cos(math.pi * share)) / 2
    warm = min(1.0, (step + 1) / (settings.warmup_steps + 1))
    return settings.learning_rate * cosine * warm


def load_best(folder: Path, size: tuple[int, int], device: torch.device) -> TorchDetector:
    """The best network of a run as a detector."""
    network, _ = load_detector(folder / BEST)
    rules = LabelRules(ClassList(tuple(network.spec.outputs)))
    return TorchDetector(network, rules, size, device)


def choose_device(name: str) -> torch.device:
    """The device that `auto`, `cpu` or `cuda` means here; ConfigError if there is none."""
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"--device wants auto, cpu or cuda, got {name!r}")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ConfigError("--device cuda: torch finds no CUDA GPU here; take --device cpu")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def _optimizer(network: nn.Module, settings: OptimisationSettings) -> torch.optim.AdamW:
    """Weight decay for the weights, none for biases and norms."""
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.99))


@lru_cache(maxsize=16)
def _grid(size: tuple[int, int], device: torch.device) -> Grid:
    return make_grid(size, device)
