"""The moving average of a network: smoother than any step of it, and what is kept."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MovingAverage:
    """Keeps an average of a network's weights and batch norm statistics.

    It begins fast, as the first steps are soon worth nothing, and slows down to `keep` a step.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.updates = 0
        self._keep = keep

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the network as it is now."""
        self.updates += 1
        keep = min(self._keep, (1 + self.updates) / (20 + self.updates))
        theirs = network.state_dict()
        for name, mine in self.network.state_dict().items():
            if mine.is_floating_point():
                mine.lerp_(theirs[name], 1 - keep)
            else:
                mine.copy_(theirs[name])
