from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from acme_tracker.training.data import TrainingData
from acme_tracker.training.schedule import Schedule
from acme_tracker.training.settings import FineTuningSettings, OptimisationSettings
from acme_tracker.training.trainer import Step, Trainer
from tests.training.scenes import begin, tiny, tiny_data

FROZEN = ("stem.", "stages.")
PLAN: dict[str, Any] = {
    "optimisation__epochs": 4,
    "fine_tuning__frozen_epochs": 2,
    "fine_tuning__backbone_rate": 0.5,
    "validation__every_epochs": 9,
    "data__cache_mb": 100,
}


class Killed(BaseException):
    """Nothing catches it."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    return tiny_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    """The network's state before the run and after each of its eight steps."""
    states: list[dict[str, Tensor]] = []

    def keep(_: Step) -> None:
        states.append(copied(trainer))

    trainer = begin(data, tiny(**PLAN), tmp_path_factory.mktemp("run") / "whole", watch=keep)
    states.append(copied(trainer))
    trainer.run()
    return states


def copied(trainer: Trainer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def test_the_backbone_and_its_norms_stand_still_while_the_head_learns(
    whole: list[dict[str, Tensor]],
) -> None:
    changed = moved(whole[0], whole[4])
    assert not {name for name in changed if name.startswith(FROZEN)}
    of_head = {name for name in whole[0] if not name.startswith(FROZEN)}
    assert {name for name in of_head if "running_mean" in name} <= changed
    assert {name for name in of_head if name.endswith("0.weight")} <= changed


def test_then_the_backbone_learns_too(whole: list[dict[str, Tensor]]) -> None:
    for before, after in pairwise(whole[4:]):
        changed = moved(before, after)
        for part in ("weight", "running_mean", "running_var"):
            names = {n for n in before if n.startswith("stages.") and n.endswith(part)}
            assert names
            assert names <= changed


def test_resuming_in_each_phase_is_exact(
    data: TrainingData, whole: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    for epoch in (1, 3):

        def kill(step: Step, epoch: int = epoch) -> None:
            if (step.epoch, step.step) == (epoch, 1):
                raise Killed

        with pytest.raises(Killed):
            begin(data, tiny(**PLAN), tmp_path, resume=epoch > 1, watch=kill).run()
    last = begin(data, tiny(**PLAN), tmp_path, resume=True)
    assert last.progress.epoch == 3
    last.run()
    assert not moved(whole[-1], copied(last))


def rates(**tuning: Any) -> list[tuple[float, float]]:
    """(of the head, of the backbone) by step; two epochs of ten steps."""
    network = nn.ModuleDict({"back": nn.Linear(1, 1), "head": nn.Linear(1, 1)})
    optimisation = OptimisationSettings(
        epochs=2, warmup_steps=1, learning_rate=1.0, final_rate=1.0, batch=1
    )
    schedule = Schedule(network, ["back"], optimisation, FineTuningSettings(**tuning), 10)
    found = []
    for step in range(20):
        head = schedule.set_rates(step)
        of_weight = {
            id(p): group["lr"] for group in schedule.optimizer.param_groups for p in group["params"]
        }
        assert of_weight[id(network["head"].weight)] == head
        found.append((head, of_weight[id(network["back"].weight)]))
    return found


def test_the_backbone_warms_up_when_it_is_let_go_to_its_share_of_the_rate() -> None:
    found = rates(frozen_epochs=1, backbone_rate=0.1)
    assert [head for head, _ in found] == pytest.approx([0.5, *[1] * 19])
    assert [back for _, back in found[10:]] == pytest.approx([0.05, *[0.1] * 9])


def test_without_fine_tuning_all_weights_have_one_rate() -> None:
    assert all(head == back for head, back in rates())
    assert all(back == pytest.approx(0.1 * head) for head, back in rates(backbone_rate=0.1))


def test_norms_can_be_left_as_they_were_while_the_weights_learn() -> None:
    conv, norm = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)
    network = nn.ModuleDict({"back": nn.Sequential(conv, norm)})
    tuning = FineTuningSettings(frozen_norms=True)
    schedule = Schedule(network, ["back"], OptimisationSettings(), tuning, 1)
    schedule.begin_epoch(0)
    assert (conv.training, norm.training) == (True, False)
    assert all(p.requires_grad for p in network.parameters())
