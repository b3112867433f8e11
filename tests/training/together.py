"""One of the processes that train together: python -m tests.training.together DATA OUT."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from acme_tracker.training.data import open_training_data
from acme_tracker.training.processes import Processes, join_processes
from acme_tracker.training.trainer import Step, Trainer
from tests.training.scenes import CPU, learner_of, tiny

KINDS = ("still norms", "moving norms")
_PLAN: dict[str, Any] = {
    "optimisation__precision": "fp32",
    "optimisation__epochs": 2,
    "validation__every_epochs": 2,
    "fine_tuning__frozen_epochs": 1,
}


def train(data: Path, out: Path, processes: Processes, kind: str) -> dict[str, Any]:
    """What a run comes to: the first step's gradients, the weights, the figures."""
    settings = tiny(**_PLAN)
    learner = learner_of(open_training_data([data], settings), settings, processes)
    if kind == "still norms":
        for module in learner.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
                module.train = lambda _=True, norm=module: norm  # type: ignore
    gradients: dict[str, torch.Tensor] = {}

    def keep(_: Step) -> None:
        if not gradients:
            named = trainer.network.named_parameters()
            gradients.update({n: p.grad.clone() for n, p in named if p.grad is not None})

    trainer = Trainer(learner, out / kind, CPU, watch=keep, processes=processes)
    progress = trainer.run()
    rows = [{k: v for k, v in row.items() if k != "images_per_s"} for row in progress.rows]
    return {
        "gradients": gradients,
        "weights": dict(trainer.network.named_parameters()),
        "rows": rows,
    }


def main() -> None:
    data, out = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    with join_processes(CPU) as (processes, _):
        found = {kind: train(data, out, processes, kind) for kind in KINDS}
        torch.save(found, out / f"{processes.number}.pt")


if __name__ == "__main__":
    main()
