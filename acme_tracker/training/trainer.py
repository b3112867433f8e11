"""The training loop: epochs, validation, checkpoints, and going on from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from acme_tracker.errors import AcmeTrackerError, ConfigError, DatasetError
from acme_tracker.training.abreast import open_abreast
from acme_tracker.training.averaging import MovingAverage
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.interrupts import interrupted_later
from acme_tracker.training.learning import Learner, Made, Run
from acme_tracker.training.pictures import draw_curves
from acme_tracker.training.precision import Precision, check_precision
from acme_tracker.training.processes import ALONE, Processes, check_norms, share_norms
from acme_tracker.training.run_folder import BEST, Row, RunFolder
from acme_tracker.training.schedule import Schedule

_NAMED = 8  # images named when a loss is not finite


class TrainingError(AcmeTrackerError):
    """The training cannot go on."""


class Step(NamedTuple):
    """How far a run is: for progress lines.

    Attributes:
        epoch: 0-based; step: of `steps` in this epoch, from 1.
        loss: of this step.
        best: what validation measured at best so far, percent, None before the first.
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
        best: what validation measured at best so far; best_epoch: after how many epochs.
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
        learner: Learner[Any],
        folder: Path,
        device: torch.device,
        resume: bool = False,
        watch: Watch = lambda _: None,
        processes: Processes = ALONE,
    ) -> None:
        """Begin a run, or take up the one in the folder.

        Raises:
            OutputError: the folder holds a run already, or cannot be written to.
            ConfigError: there is nothing to resume, it has other settings or data, the weights to
                begin with do not fit, or the batch is too small.
        """
        self.learner, self.settings, self.device = learner, learner.settings, device
        self.folder, self.processes = RunFolder(folder), processes
        self._watch = watch
        optimisation = self.settings.optimisation
        check_precision(optimisation.precision, device)
        if not resume:
            learner.begin()
        self.average = MovingAverage(learner.network, optimisation.average)
        self.network = share_norms(learner.network, processes, device)
        self._batches = EpochBatches(learner.names, self.settings, processes)
        check_norms(learner.least_values, optimisation.batch, processes, device)
        self._precision = Precision(optimisation.precision, device)
        self._schedule = Schedule(
            self.network,
            learner.backbone,
            optimisation,
            self.settings.fine_tuning,
            len(self._batches),
        )
        self._abreast = None
        if learner.divisible and processes.count == 1:
            self._abreast = open_abreast(self.network, optimisation.batch, device)
        self.progress = Progress()
        self._fingerprint = learner.fingerprint()
        if resume:
            self._restore(self.folder.resume(self.settings, self._fingerprint))
        elif processes.first:
            self.folder.begin(self.settings, self._fingerprint)
            self._save()

    def run(self) -> Progress:
        """Train until the epochs are done or the validation's measure rises no more.

        Raises:
            TrainingError: the loss is not finite; says on which batch.
            DatasetError: an image cannot be read.
        """
        loader = self.learner.open_loader(self._batches)
        while not self.finished:
            self._batches.epoch = self.progress.epoch
            self._begin_epoch()
            with interrupted_later():  # here the processes that load are started
                batches = iter(loader)
            with self._abreast.at_work() if self._abreast else nullcontext():
                row = self._one_epoch(batches)
            self.progress.epoch += 1
            if self._validates_now():
                row |= self._validate()
            self.progress.rows.append(row)
            if self.processes.first:
                self._save()
        return self.progress

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the last validation found the patience over.

        Between validations it goes on: the next may be the best, and no epoch is thrown away.
        """
        progress, patience = self.progress, self.settings.validation.patience_epochs
        validated = bool(progress.rows) and self.learner.measure in progress.rows[-1]
        stalled = validated and progress.epoch - progress.best_epoch >= patience
        return stalled or progress.epoch >= self.settings.optimisation.epochs

    def _one_epoch(self, batches: Iterator[Made | DatasetError]) -> Row:
        """Every batch once; the epoch's figures, as means over its steps."""
        start, figures, rate = perf_counter(), [], 0.0
        for number, batch in enumerate(batches):
            if isinstance(batch, DatasetError):
                raise batch
            if self.progress.step == 0 and self.processes.first:
                self.folder.write("samples.jpg", self.learner.sheet(batch))
            rate = self._schedule.set_rates(self.progress.step)
            figures.append(self._one_step(batch, number))
            self._tell(number, figures[-1]["loss"])
        seconds = perf_counter() - start
        sums = torch.tensor([list(row.values()) for row in figures], device=self.device)
        means = self.processes.mean(sums.mean(0)).tolist()
        return {
            "epoch": self.progress.epoch + 1,
            "learning_rate": rate,
            **dict(zip(figures[0], means, strict=True)),
            "images_per_s": len(figures) * self.settings.optimisation.batch / seconds,
        }

    def _begin_epoch(self) -> None:
        """What is random in a step (dropout, sampling) follows from the epoch: resumed or not."""
        numbers = (self.settings.optimisation.seed, self.progress.epoch, self.processes.number)
        torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1)[0]))
        self._schedule.begin_epoch(self.progress.epoch)
        self._run_network: Run = self._abreast or self.processes.joined(self.network, self.device)

    def _run(self, *inputs: Any) -> Any:
        with self._precision.context():
            return self._run_network(*inputs)

    def _one_step(self, batch: Made, number: int) -> dict[str, float]:
        """The losses of a batch, and the length of its gradient; one step down it."""
        losses = self.learner.losses(self._run, batch)
        figures = _as_numbers(losses)
        if not math.isfinite(figures["loss"]):
            raise TrainingError(self._not_finite(batch, number, figures))
        longest = self.settings.optimisation.clip_norm
        norm = self._precision.step(losses["loss"], self.network, self._schedule.optimizer, longest)
        self.average.update(self.network)
        self.progress.step += 1
        return figures | {"gradient_norm": norm}

    def _not_finite(self, batch: Made, number: int, figures: dict[str, float]) -> str:
        names = list(dict.fromkeys(name for names in batch.names for name in names))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        parts = ", ".join(f"{name} {value}" for name, value in figures.items() if name != "loss")
        return (
            f"the loss is {figures['loss']} ({parts}) in epoch {self.progress.epoch + 1}, batch "
            f"{number + 1}, made of {', '.join(names[:_NAMED])}{more}; look at these, or lower "
            "optimisation.learning_rate"
        )

    def _validates_now(self) -> bool:
        every, last = self.settings.validation.every_epochs, self.settings.optimisation.epochs
        return self.progress.epoch % every == 0 or self.progress.epoch == last

    def _validate(self) -> dict[str, float]:
        """The average's figures; if they are the best so far, it is kept."""
        network, progress = self.average.network, self.progress
        figures = self.processes.ask_first(lambda: self.learner.validate(network))
        value = figures[self.learner.measure]
        value = -1.0 if math.isnan(value) else value
        better = progress.best is None or value > progress.best
        if better:
            progress.best, progress.best_epoch = value, progress.epoch
        if self.processes.first:
            for name, content in self.learner.pictures(network).items():
                self.folder.write(name, content)
            if better:
                self._keep(figures)
        return figures

    def _keep(self, figures: dict[str, float]) -> None:
        notes = {
            "epoch": str(self.progress.epoch),
            "size": "{}x{}".format(*self.settings.input.size),
            "data_sha256": str(self._fingerprint["sha256"]),
            **{name: f"{figure:.2f}" for name, figure in figures.items()},
        }
        network = self.average.network
        self.folder.replace(BEST, lambda path: self.learner.save(network, path, notes))

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
            "optimizer": self._schedule.optimizer.state_dict(),
            "precision": self._precision.state_dict(),
            "progress": asdict(self.progress),
        }
        self.folder.save_checkpoint(state, self.settings, self._fingerprint)
        self._write_figures()

    def _restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.average.updates = state["average_updates"]
        self._schedule.optimizer.load_state_dict(state["optimizer"])
        self._precision.load_state_dict(state.get("precision", {}))
        self.progress = Progress(**state["progress"])
        if self.processes.first:
            self._write_figures()

    def _write_figures(self) -> None:
        rows = self.progress.rows
        if rows:
            self.folder.write_metrics(rows)
            self.folder.replace("curves.png", lambda path: draw_curves(rows, path))


def choose_device(name: str) -> torch.device:
    """The device that `auto`, `cpu` or `cuda` means here; ConfigError if there is none."""
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"--device wants auto, cpu or cuda, got {name!r}")
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ConfigError("--device cuda: torch finds no CUDA GPU here; take --device cpu")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def _as_numbers(losses: dict[str, Tensor]) -> dict[str, float]:
    """All at once: each answer that the program waits for holds a GPU up."""
    values = torch.stack([value.detach().float() for value in losses.values()])
    return dict(zip(losses, values.tolist(), strict=True))
