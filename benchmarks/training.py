"""What training costs beside its bare steps: images/s with loading and without, on one size.

    python benchmarks/training.py --data DATA [--set data.workers=1] [--json report.json]

In turns: an epoch as `acme-tracker train` runs it, with loading, augmentation, optimiser and moving
average; then forward, loss and backward on one ready batch, again and again, as torch does it, all
threads in every operation; then the same in parts, where training takes the batch in parts, a core
or more each. An epoch's clock runs from its first step's end to its last one's, so that at most the
batches that were prepared ahead come for nothing. On a shared machine trust the ratio of CPU times:
what others take of the cores does not count there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch
from machine import describe_machine, machine_lines

from acme_tracker.config import parse_assignments
from acme_tracker.resources import keep_freed_memory
from acme_tracker.training.abreast import open_abreast
from acme_tracker.training.detectors import DetectorLearner
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.learning import Run
from acme_tracker.training.models import open_learner
from acme_tracker.training.precision import Precision
from acme_tracker.training.samples import Batch, open_loader
from acme_tracker.training.settings import TrainSettings
from acme_tracker.training.trainer import Step, Trainer, choose_device

WANTED = 0.9
BARE, IN_PARTS, WHOLE = ROWS = ("bare", "bare, in parts", "whole")
Row = tuple[float, ...]  # (images, wall s, own CPU s, workers' CPU s)


def workers_cpu_s() -> float:
    """CPU seconds of the processes that prepare samples; 0 where the system does not tell."""
    total = 0.0
    for process in multiprocessing.active_children():
        stat = Path(f"/proc/{process.pid}/schedstat")
        if stat.is_file():
            total += int(stat.read_text(encoding="utf-8").split()[0]) / 1e9
    return total


@dataclass
class Clock:
    """Wall and CPU seconds since it was made; CPU of this process and of those it started."""

    wall: float = field(default_factory=time.perf_counter)
    own: float = field(default_factory=time.process_time)
    workers: float = field(default_factory=workers_cpu_s)

    def spent(self) -> tuple[float, float, float]:
        return (
            time.perf_counter() - self.wall,
            time.process_time() - self.own,
            workers_cpu_s() - self.workers,
        )


@dataclass
class Rounds:
    """Measures by turns, driven by the trainer's progress.

    Attributes:
        rows: of each epoch, by what was run.
        threads: of the bare steps; an epoch in parts leaves the trainer fewer.
    """

    learner: DetectorLearner
    batch: Batch
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in ROWS})
    threads: int = field(default_factory=torch.get_num_threads)
    clock: Clock = field(default_factory=Clock)

    def __call__(self, step: Step) -> None:
        if step.step == 1:
            self.clock = Clock()
        if step.step == step.steps:
            count = (step.steps - 1) * len(self.batch.images)
            if step.epoch:  # the first one fills caches
                self.rows[WHOLE].append((count, *self.clock.spent()))
                self._measure_bare(step.steps - 1)

    def _measure_bare(self, steps: int) -> None:
        batch, network = len(self.batch.images), self.learner.network
        in_training = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        self.rows[BARE].append((steps * batch, *self._bare_steps(steps, network)))
        abreast = open_abreast(network, batch, self.learner.device)
        if abreast is not None:
            with abreast.at_work():
                self.rows[IN_PARTS].append((steps * batch, *self._bare_steps(steps, abreast)))
        torch.set_num_threads(in_training)

    def _bare_steps(self, steps: int, run_network: Run) -> tuple[float, float, float]:
        network, device = self.learner.network, self.learner.device
        precision = Precision(self.learner.settings.optimisation.precision, device)

        def run(*inputs: object) -> object:
            with precision.context():
                return run_network(*inputs)

        clock = Clock()
        for _ in range(steps):
            network.zero_grad(set_to_none=True)
            loss = self.learner.losses(run, self.batch)["loss"]
            loss.backward()  # type: ignore[no-untyped-call]
            loss.item()  # a GPU has done its work when it answers
        return clock.spent()


def main() -> None:
    words = _parser().parse_args()
    settings = TrainSettings.load(words.config, parse_assignments(words.set or ()))
    settings = one_size(settings, words.rounds)
    keep_freed_memory()  # as `acme-tracker train` does
    device = choose_device(words.device)
    learner = open_learner(words.data, settings, device)
    if not isinstance(learner, DetectorLearner):
        raise SystemExit(f"this measures detectors, got {settings.model.name}")
    machine = describe_machine()
    rounds = Rounds(learner, _ready_batch(learner))
    with tempfile.TemporaryDirectory() as folder:
        Trainer(learner, Path(folder, "run"), device, watch=rounds).run()
    report, ratio = summary(rounds)
    print(*machine_lines(machine), sep="\n")
    size, threads = settings.input.training_sizes[0], torch.get_num_threads()
    print(f"{settings.model.name}, {size[0]}x{size[1]}, {device.type}, {threads} threads")
    print(f"{'':24}{'images/s':>10}{'CPU ms/image':>14}{'workers':>9}")
    for name, row in report.items():
        line = (row["images_per_s"], row["cpu_ms_per_image"], row["workers_cpu_ms_per_image"])
        print(f"{name:24}{line[0]:10.1f}{line[1]:14.1f}{line[2]:9.1f}")
    speed, cpu = ratio["images_per_s"], ratio["cpu"]
    print(f"whole / bare: {speed:.2f} in images/s, {cpu:.2f} by CPU time; wanted {WANTED}")
    if words.json:
        words.json.write_text(
            json.dumps({"machine": machine, **report, "ratio": ratio}, indent=1) + "\n"
        )


def one_size(settings: TrainSettings, rounds: int) -> TrainSettings:
    """The same settings with all samples of one size, for a first epoch and `rounds` more."""
    epochs = rounds + 1
    changes = {
        "input.training_sizes": [settings.input.training_sizes[0]],
        "input.full_size_share": 0,
        "augmentation.plain_share": 0,
        "optimisation.epochs": epochs,
        "validation.every_epochs": epochs,
    }
    values = settings.model_dump()
    for key, value in changes.items():
        group, name = key.split(".")
        values[group][name] = value
    return TrainSettings.model_validate(values)


def summary(rounds: Rounds) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Medians over the rounds of what was run, and the medians of whole's ratios to bare."""
    report = {
        name: {
            "images_per_s": median(count / wall for count, wall, *_ in rows),
            "cpu_ms_per_image": median(1000 * own / count for count, _, own, _ in rows),
            "workers_cpu_ms_per_image": median(1000 * w / count for count, *_, w in rows),
        }
        for name, rows in rounds.rows.items()
        if rows
    }
    pairs = list(zip(rounds.rows[WHOLE], rounds.rows[BARE], strict=True))
    ratio = {
        "images_per_s": median(bare[1] / whole[1] for whole, bare in pairs),
        "cpu": median(bare[2] / whole[2] for whole, bare in pairs),
    }
    return report, ratio


def _ready_batch(learner: DetectorLearner) -> Batch:
    settings = learner.settings
    data = settings.data.model_copy(update={"workers": 0})
    alone = settings.model_copy(update={"data": data})
    batch = next(iter(open_loader(learner.data, alone, EpochBatches(learner.names, alone))))
    if not isinstance(batch, Batch):
        raise batch
    return batch


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--set", action="append", metavar="KEY=VALUE")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    return parser


if __name__ == "__main__":
    main()
