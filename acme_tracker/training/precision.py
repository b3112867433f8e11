"""How exactly a training computes: in 32 bits, or in 16 where that is enough."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from acme_tracker.errors import ConfigError

_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """Runs networks in one precision, and steps down their gradients.

    fp16 has few exponents: its losses are scaled up so that small gradients do not vanish, and a
    step whose gradients overflow is left out. The other precisions need neither.
    """

    def __init__(self, name: Literal["bf16", "fp16", "fp32"], device: torch.device) -> None:
        self._type = _HALF.get(name)
        self._device = device.type
        self._scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    def context(self) -> AbstractContextManager[Any]:
        """In it, networks compute in this precision."""
        return torch.autocast(self._device, self._type, enabled=self._type is not None)

    def step(
        self, loss: Tensor, network: nn.Module, optimizer: torch.optim.Optimizer, longest: float
    ) -> float:
        """One step down the loss; the gradient's length before it was cut, 0 if it overflowed."""
        optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(network.parameters(), longest).item()
        self._scaler.step(optimizer)
        self._scaler.update()
        return norm if math.isfinite(norm) or not self._scaler.is_enabled() else 0.0

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint; empty but for fp16."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's."""
        if state:
            self._scaler.load_state_dict(state)


def check_precision(name: str, device: torch.device) -> None:
    """ConfigError where the device has no use for it."""
    if name == "fp16" and device.type == "cpu":
        raise ConfigError(
            "optimisation.precision=fp16 needs a CUDA GPU, got the CPU; take bf16 or fp32"
        )
