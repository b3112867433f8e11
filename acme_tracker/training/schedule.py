"""Which weights learn when, and how fast."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from acme_tracker.training.settings import FineTuningSettings, OptimisationSettings

_WARM_SHARE = 0.1  # of all steps, at most
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm)


class Schedule:
    """The steps of a run: warm-up and cosine for all weights, more for the backbone if asked.

    With frozen epochs the backbone stands still at first, weights and batch norm statistics, and
    warms up when it is let go, at its own share of the rate.
    """

    def __init__(
        self,
        network: nn.Module,
        backbone: Sequence[str],
        optimisation: OptimisationSettings,
        fine_tuning: FineTuningSettings,
        steps_per_epoch: int,
    ) -> None:
        """`backbone` names parts of the network: those that fine-tuning treats apart."""
        self._network, self._settings, self._tuning = network, optimisation, fine_tuning
        self._backbone = [network.get_submodule(name) for name in backbone]
        self._steps = steps_per_epoch
        self.optimizer = torch.optim.AdamW(
            self._groups(), lr=optimisation.learning_rate, betas=(0.9, 0.99), fused=True
        )

    def begin_epoch(self, epoch: int) -> None:
        """Set everything to training, but for what stands still in this epoch."""
        frozen = epoch < self._tuning.frozen_epochs
        self._network.train()
        for part in self._backbone:
            part.requires_grad_(not frozen)
            if frozen:
                part.eval()
            elif self._tuning.frozen_norms:
                for module in part.modules():
                    if isinstance(module, _NORMS):
                        module.eval()

    def set_rates(self, step: int) -> float:
        """Set the learning rates of a step of the run; the head's."""
        rate = rate_at(step, self._steps, self._settings)
        slow = rate * self._tuning.backbone_rate
        if self._tuning.frozen_epochs:
            since = step - self._tuning.frozen_epochs * self._steps
            slow *= warm_share(since, warm_steps(self._steps, self._settings))
        for group in self.optimizer.param_groups:
            group["lr"] = slow if group.get("slow") else rate
        return rate

    def _groups(self) -> list[dict[str, object]]:
        """Weight decay for the weights, none for biases and norms."""
        tuned = self._tuning.frozen_epochs or self._tuning.backbone_rate != 1
        of_backbone = {id(p) for part in self._backbone for p in part.parameters()}
        slow = of_backbone if tuned else set()
        parameters = list(self._network.parameters())
        groups: list[dict[str, object]] = []
        for is_slow in (False, True):
            mine = [p for p in parameters if (id(p) in slow) == is_slow]
            for decays in (True, False):
                chosen = [p for p in mine if (p.ndim > 1) == decays]
                decay = self._settings.weight_decay if decays else 0.0
                if chosen:
                    groups.append({"params": chosen, "weight_decay": decay, "slow": is_slow})
        return groups


def rate_at(step: int, steps_per_epoch: int, settings: OptimisationSettings) -> float:
    """The learning rate of a step: a linear warm-up, then half a cosine down."""
    share = step / (steps_per_epoch * settings.epochs)
    low = settings.final_rate
    cosine = low + (1 - low) * (1 + math.cos(math.pi * share)) / 2
    return settings.learning_rate * cosine * warm_share(step, warm_steps(steps_per_epoch, settings))


def warm_steps(steps_per_epoch: int, settings: OptimisationSettings) -> int:
    """How long the warm-up takes: of a short run not the most part."""
    return min(settings.warmup_steps, int(_WARM_SHARE * steps_per_epoch * settings.epochs))


def warm_share(step: int, steps: int) -> float:
    """How much of its rate a step takes that is so many steps after the start of a warm-up."""
    return min(1.0, max(0, step + 1) / (steps + 1))
