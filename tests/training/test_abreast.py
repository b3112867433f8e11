from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec
from acme_tracker.training import abreast, trainer
from acme_tracker.training.abreast import Abreast, parts_of
from tests.training.scenes import CPU, learner_of, tiny, tiny_data

IMAGES = 5


def network_of(seed: int = 0) -> SmallerVggDetector:
    torch.manual_seed(seed)
    return SmallerVggDetector(SmallerVggSpec(("car", "bus"), 0.125)).train()


def pictures() -> Tensor:
    return torch.rand(IMAGES, 3, 64, 96, generator=torch.Generator().manual_seed(1))


def go_back(outputs: tuple[Tensor, ...]) -> None:
    """From a sum that weighs every number differently."""
    weighed = [out * torch.arange(out.numel()).view_as(out).cos() for out in outputs]
    torch.autograd.backward(torch.stack([each.sum() for each in weighed]).sum())


def gradients(network: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


def statistics(network: nn.Module) -> dict[str, Tensor]:
    return {n: b.clone() for n, b in network.named_buffers() if b.is_floating_point()}


@pytest.mark.parametrize("parts", [2, 3])
def test_outputs_and_gradients_are_those_of_the_whole_batch(parts: int) -> None:
    """But for batch norms, which stand still here."""
    network, alone = network_of().eval(), network_of().eval()
    several = Abreast(network, parts)
    before = statistics(network)
    for _ in range(2):  # gradients add up
        with several.at_work():
            found = several(pictures())
            go_back(found)
        wanted = alone(pictures())
        go_back(wanted)
    assert type(found) is type(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, theirs)
    assert gradients(network).keys() == gradients(alone).keys()
    for name, gradient in gradients(alone).items():
        torch.testing.assert_close(gradients(network)[name], gradient, rtol=1e-3, atol=1e-3)
    for name, value in statistics(network).items():
        assert torch.equal(value, before[name]), name


def test_running_statistics_are_the_mean_of_the_parts() -> None:
    network, first, second = network_of(), network_of(), network_of()
    several = Abreast(network, 2)
    with several.at_work():
        go_back(several(pictures()))
    first(pictures()[:3])
    second(pictures()[3:])
    seen = [statistics(each) for each in (first, second)]
    for name, value in statistics(network).items():
        torch.testing.assert_close(value, (seen[0][name] + seen[1][name]) / 2)


def test_steps_change_all_parts_and_what_stands_still_stands_still_in_all() -> None:
    network = network_of()
    several = Abreast(network, 2)
    optimizer = torch.optim.SGD(network.parameters(), 1e-3)
    network.stem.requires_grad_(False).eval()
    before = copy.deepcopy(network.stem.state_dict())
    for _ in range(2):
        with several.at_work():
            go_back(several(pictures()))
        assert not any(name.startswith("stem") for name in gradients(network))
        optimizer.step()
    for name, value in network.stem.state_dict().items():
        assert torch.equal(value, before[name]), name
    network.eval()
    with several.at_work(), torch.no_grad():
        for mine, theirs in zip(several(pictures()), network(pictures()), strict=True):
            torch.testing.assert_close(mine, theirs)


def test_the_same_again_comes_to_the_same_to_the_last_bit() -> None:
    found = []
    for _ in range(2):
        network = network_of()
        several = Abreast(network, 2)
        with several.at_work(), torch.autocast("cpu", torch.bfloat16):
            outputs = several(pictures())
            assert outputs.logits.dtype == network(pictures()).logits.dtype
        go_back(outputs)
        found.append(gradients(network))
    for name, gradient in found[0].items():
        assert torch.equal(gradient, found[1][name]), name


def test_what_goes_wrong_in_a_part_is_raised_and_threads_are_as_before() -> None:
    several = Abreast(network_of(), 2)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with pytest.raises(RuntimeError, match="channels"), several.at_work():
            several(torch.zeros(2, 5, 64, 64))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("batch", "threads", "parts"), [(32, 1, 1), (32, 2, 2), (32, 16, 2), (64, 3, 3), (4, 2, 1)]
)
def test_parts_are_large_enough_for_their_norms(batch: int, threads: int, parts: int) -> None:
    assert parts_of(batch, threads) == parts


def test_a_run_in_parts_resumed_ends_as_if_it_had_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abreast, "parts_of", lambda *_: 2)
    data, settings = tiny_data(tmp_path / "data"), tiny(fine_tuning__frozen_epochs=1)

    def begin(out: str, resume: bool = False) -> trainer.Trainer:
        return trainer.Trainer(learner_of(data, settings), tmp_path / out, CPU, resume, watch)

    def watch(step: trainer.Step) -> None:
        if stop and step.epoch == 1:
            raise InterruptedError

    stop = False
    whole = begin("whole")
    whole.run()
    stop = True
    with pytest.raises(InterruptedError):
        begin("parts").run()
    stop = False
    parts = begin("parts", resume=True)
    assert parts.run().epoch == 2
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, parts.network.state_dict()[name]), name
