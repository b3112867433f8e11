"""`acme-tracker train`: labelled images in, a detector out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from acme_tracker.cli.config import Assignments, ConfigFile
from acme_tracker.cli.console import complain, errors, output, shown_warnings
from acme_tracker.config import parse_assignments
from acme_tracker.resources import keep_freed_memory

if TYPE_CHECKING:  # they load torch, for which `acme-tracker --help` should not wait
    from acme_tracker.training.trainer import Step, Trainer, Watch

_WORKING_SCORE = 0.3
_INTERRUPTED = 130


def train(
    data: Annotated[
        list[Path],
        typer.Option(metavar="PATH", help="Data set of any known format; may repeat."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of this run.")],
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to train, smaller-vgg by default.")
    ] = None,
    config: ConfigFile = None,
    set_: Assignments = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in DIR, from its last epoch.")
    ] = False,
    epochs: Annotated[int | None, typer.Option(help="How often to go through the images.")] = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda")] = "auto",
) -> None:
    """Train a detector on labelled images.

    DIR gets best.safetensors (the best epoch's network), last.pt (the checkpoint for --resume),
    metrics.csv, curves.png, samples.jpg, predictions.jpg, precision_recall.png, confusion.png,
    worst.png, settings.yaml and origin.json. After Ctrl-C, the same command with --resume goes on.
    """
    from acme_tracker.training.models import open_learner
    from acme_tracker.training.processes import join_processes
    from acme_tracker.training.settings import TrainSettings
    from acme_tracker.training.trainer import Trainer, choose_device

    flags = {"model.name": model, "optimisation.epochs": epochs}
    given = {key: value for key, value in flags.items() if value is not None}
    settings = TrainSettings.load(config, {**parse_assignments(set_ or ()), **given})
    keep_freed_memory()
    with join_processes(choose_device(device)) as (processes, place):
        learner = open_learner(data, settings, place, processes)
        with shown_warnings():
            with _progress(processes.first) as watch:
                trainer = Trainer(learner, out, place, resume, watch, processes)
                if processes.first:
                    _say_what_is_learnt(trainer)
                _run(trainer, out)
            if processes.first:
                _report(trainer, out)


def _run(trainer: Trainer, out: Path) -> None:
    try:
        trainer.run()
    except KeyboardInterrupt:
        if trainer.processes.first:
            done, epochs = trainer.progress.epoch, trainer.settings.optimisation.epochs
            what = f"{done} of {epochs} epochs are in {out}: the same command with --resume goes on"
            complain("interrupted", what, "yellow")
        raise typer.Exit(_INTERRUPTED) from None


@contextmanager
def _progress(shown: bool) -> Iterator[Watch]:
    """A line with the epoch, the loss, the best AP and the time left of the whole run.

    Where there is no terminal (nohup, a batch system), a line after every epoch.
    """
    if not errors.is_terminal:
        yield _log if shown else lambda _: None
        return
    bar = Progress(
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TextColumn("{task.fields[best]}", style="cyan"),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=errors,
        disable=not shown,
        speed_estimate_period=600,
    )
    task = bar.add_task("", total=None, epoch="", loss="", best="")

    def watch(step: Step) -> None:
        bar.update(
            task,
            completed=step.epoch * step.steps + step.step,
            total=step.epochs * step.steps,
            epoch=f"{step.epoch + 1}/{step.epochs}",
            loss=f"{step.loss:.3f}",
            best=_best(step),
        )

    with bar:
        yield watch


def _log(step: Step) -> None:
    if step.step == step.steps:
        words = (f"loss {step.loss:.3f}", _best(step))
        errors.print(f"epoch {step.epoch + 1}/{step.epochs}: {', '.join(filter(None, words))}")


def _best(step: Step) -> str:
    return "" if step.best is None else f"best AP {step.best:.1f}"


def _say_what_is_learnt(trainer: Trainer) -> None:
    several = f" with {trainer.processes.count} processes" * (trainer.processes.count > 1)
    what = f"{escape(trainer.learner.summary())}, on {trainer.device.type}{several}"
    errors.print(what, soft_wrap=True)


def _report(trainer: Trainer, out: Path) -> None:
    """How good the best network is, in words and pictures."""
    from acme_tracker.cli.evaluate.tables import print_paths
    from acme_tracker.training.run_folder import BEST, METRICS

    progress = trainer.progress
    row = next(row for row in progress.rows if row["epoch"] == progress.best_epoch)
    shown = (trainer.learner.measure, "AP")
    figures = [f"{n} {v:.1f}" for n, v in row.items() if n.startswith(shown) and not math.isnan(v)]
    what = f"best after epoch {progress.best_epoch} of {progress.epoch}: {', '.join(figures)}"
    output.print(escape(what), soft_wrap=True)
    print_paths([out / BEST, out / METRICS, *_pictures(trainer, out)])


def _pictures(trainer: Trainer, out: Path) -> list[Path]:
    """Of the best network, where it is a detector."""
    from acme_tracker.evaluation.detection import evaluate_detector
    from acme_tracker.evaluation.detection_pictures import write_pictures
    from acme_tracker.training.detectors import DetectorLearner
    from acme_tracker.training.run_folder import BEST

    if not isinstance(trainer.learner, DetectorLearner):
        return []
    best = trainer.learner.load(out / BEST)
    with errors.status("looking at what the best network finds"):
        report = evaluate_detector(best, trainer.learner.data.validation, _WORKING_SCORE)
        return write_pictures(report, out)
