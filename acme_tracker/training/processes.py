"""Several processes that train one network together, as `torchrun` starts them.

Each takes its share of every batch and all take the same steps. The first one writes and validates;
the others wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from acme_tracker.errors import ConfigError

_PATIENCE = timedelta(hours=4)  # the others wait so long while the first one validates
ENOUGH_VALUES = 2  # a channel: of one, a batch norm can take no statistics

AnyValue = TypeVar("AnyValue")


@dataclass(frozen=True)
class Processes:
    """Which of a run's processes it is: `number` of `count`; one that trains alone is 0 of 1."""

    number: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and validates."""
        return self.number == 0

    def joined(self, network: nn.Module, device: torch.device) -> nn.Module:
        """The network to run; its gradients become the mean of all processes'."""
        if self.count == 1 or not any(p.requires_grad for p in network.parameters()):
            return network
        places = [device] if device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(network, device_ids=places)

    def mean(self, value: Tensor) -> Tensor:
        """Of all processes' values, without gradient."""
        if self.count == 1:
            return value
        total = value.detach().clone()
        distributed.all_reduce(total)
        return total / self.count

    def ask_first(self, make: Callable[[], AnyValue]) -> AnyValue:
        """What the first process makes, in all of them; the others wait for it."""
        if self.count == 1:
            return make()
        values: list[Any] = [make() if self.first else None]
        distributed.broadcast_object_list(values)
        made: AnyValue = values[0]
        return made


ALONE = Processes()


@contextmanager
def join_processes(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """Join those that torchrun started, if it did: which of them it is, and on which device.

    On GPUs there is one process each, joined by NCCL; on CPUs Gloo joins them.

    Raises:
        ConfigError: more processes than GPUs.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1 or "RANK" not in os.environ:
        yield ALONE, device
        return
    if device.type == "cuda":
        local, there = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local >= there:
            raise ConfigError(
                f"torchrun started more processes than the {there} GPUs here; "
                f"take --nproc-per-node {there}, or --device cpu"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield Processes(distributed.get_rank(), count), device
    finally:
        distributed.destroy_process_group()


def check_norms(least: int, batch: int, processes: Processes, device: torch.device) -> None:
    """Refuse a batch from which a batch norm can take no statistics.

    Args:
        least: of values a channel that one picture gives it.
        batch: pictures of all processes together.
        processes: on CPUs, norms see each one's share by itself.
        device: where it trains.

    Raises:
        ConfigError: some norm would get one value a channel.
    """
    apart = 1 if device.type == "cuda" else processes.count
    if least * (batch // apart) < ENOUGH_VALUES:
        raise ConfigError(
            f"optimisation.batch is {batch}: batch norms want {ENOUGH_VALUES} values a channel at "
            f"least and would get 1; take {ENOUGH_VALUES * apart} pictures or more"
        )


def share_norms(network: nn.Module, processes: Processes, device: torch.device) -> nn.Module:
    """On GPUs, batch norms take their statistics from the whole batch; on CPUs torch cannot."""
    if processes.count == 1 or device.type != "cuda":
        return network
    shared: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return shared
