"""The moving average of a network: smoother than any step of it, and what is kept."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn


class MovingAverage:
    """Keeps an average of a network's weights and batch norm statistics.

    It begins fast, as the first steps are soon worth nothing, and slows down to `keep` a step.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.updates = 0
        self._keep, self._mine = keep, _values(self.network)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the network as it is now."""
        self.updates += 1
        keep = min(self._keep, (1 + self.updates) / (20 + self.updates))
        theirs = _values(network)
        torch._foreach_lerp_(self._mine.real, theirs.real, 1 - keep)
        for mine, count in zip(self._mine.counts, theirs.counts, strict=True):
            mine.copy_(count)


class _Values(NamedTuple):
    """A network's numbers: those that have a mean, and those that count."""

    real: list[Tensor]
    counts: list[Tensor]


def _values(network: nn.Module) -> _Values:
    values = _Values([], [])
    for each in (*network.parameters(), *network.buffers()):
        (values.real if each.is_floating_point() else values.counts).append(each)
    return values
