from __future__ import annotations

import pytest
import torch
from torch import nn

from acme_tracker.errors import ConfigError
from acme_tracker.training.precision import Precision, check_precision

CPU = torch.device("cpu")


def stepped(precision: Precision, network: nn.Linear, factor: float) -> float:
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    with precision.context():
        answer = network(torch.ones(1, 2))
    return precision.step(answer.float().sum() * factor, network, optimizer, longest=1e9)


def test_fp16_gives_the_gradient_of_fp32_though_it_scales_the_loss() -> None:
    norms = []
    for name in ("fp32", "fp16"):
        torch.manual_seed(0)
        norms.append(stepped(Precision(name, CPU), nn.Linear(2, 1), 0.01))
    assert norms == pytest.approx([0.01 * 3**0.5] * 2, rel=1e-3)


def test_a_step_that_overflows_is_left_out_and_the_scale_falls_and_is_remembered() -> None:
    precision, network = Precision("fp16", CPU), nn.Linear(2, 1)
    before, scale = network.weight.clone(), precision.state_dict()["scale"]
    assert stepped(precision, network, 1e36) == 0
    assert torch.equal(network.weight, before)
    assert precision.state_dict()["scale"] == scale / 2

    again = Precision("fp16", CPU)
    again.load_state_dict(precision.state_dict())
    assert again.state_dict() == precision.state_dict()
    assert stepped(again, network, 0.01) > 0
    assert not torch.equal(network.weight, before)


def test_other_precisions_have_nothing_to_remember() -> None:
    assert Precision("bf16", CPU).state_dict() == {}


def test_fp16_wants_a_gpu() -> None:
    with pytest.raises(ConfigError, match="needs a CUDA GPU"):
        check_precision("fp16", CPU)
    check_precision("fp16", torch.device("cuda"))
    check_precision("bf16", CPU)
