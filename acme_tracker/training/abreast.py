"""One network on several processor cores, each of which takes a part of the batch.

Threads that share every operation of a network wait for each other hundreds of times a step, and
whatever keeps one of them waiting (the process that prepares the next batch, say) keeps all.
Threads that each go through the whole network with samples of their own wait once forward and once
back.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_LEAST_SAMPLES = 16  # in a part: batch norms take their statistics from it


def parts_of(batch: int, threads: int) -> int:
    """In how many parts a batch goes through a network on so many cores."""
    return max(1, min(threads, batch // _LEAST_SAMPLES))


def open_abreast(network: nn.Module, batch: int, device: torch.device) -> Abreast | None:
    """The network in parts, where there is more than one: on several cores, for large batches."""
    parts = parts_of(batch, torch.get_num_threads()) if device.type == "cpu" else 1
    return Abreast(network, parts) if parts > 1 else None


class Abreast:
    """Runs a network as if it were called with the whole batch, but for batch norm.

    Batch norms see each part by itself; the network keeps the mean of their running statistics, as
    of several processes whose statistics are brought together after every step. Gradients are those
    of the whole batch, and the same in every run.

    The network takes one tensor (B, ...) and gives a NamedTuple of tensors (B, ...). It must draw
    nothing at random: threads would draw in the order in which they come.

    Args:
        network: on the CPU.
        parts: how many.
    """

    def __init__(self, network: nn.Module, parts: int) -> None:
        self._networks = [network, *(copy.deepcopy(network) for _ in range(parts - 1))]
        for twin in self._networks[1:]:
            for own, shared in zip(twin.parameters(), network.parameters(), strict=True):
                own.data = shared.data
        self._statistics = [_floats(each.buffers()) for each in self._networks]
        self._anchor = torch.zeros((), requires_grad=True)
        self._cores = max(1, torch.get_num_threads() // parts)
        self._threads = ThreadPoolExecutor(parts, "part", torch.set_num_threads, (self._cores,))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A stretch in which it may be called; what of the network learns, learns in all parts.

        In it the caller's own operations have no more threads than a part has: the others would go
        on turning idly for a while, as OpenMP's do, on the cores that the parts need.
        """
        self._follow()
        before = torch.get_num_threads()
        torch.set_num_threads(self._cores)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def _follow(self) -> None:
        network, *twins = self._networks
        for twin in twins:
            for mine, module in zip(twin.modules(), network.modules(), strict=True):
                mine.training = module.training
            for own, shared in zip(twin.parameters(), network.parameters(), strict=True):
                own.requires_grad_(shared.requires_grad)
            for copied, buffer in zip(twin.buffers(), network.buffers(), strict=True):
                copied.copy_(buffer)

    def __call__(self, inputs: Tensor) -> Any:
        """What the network gives."""
        outputs = _Whole.apply(self._anchor, self, inputs)
        return self._kind(*outputs)

    def forward(self, inputs: Tensor) -> list[tuple[Tensor, ...]]:
        """The outputs of each part, which know how they were made."""
        device = inputs.device.type
        precision, half = torch.get_autocast_dtype(device), torch.is_autocast_enabled(device)

        def run(network: nn.Module, part: Tensor) -> tuple[Tensor, ...]:
            with torch.autocast(device, precision, half):  # each thread has its own
                made: tuple[Tensor, ...] = network(part)
                return made

        parts = inputs.tensor_split(len(self._networks))
        made = list(self._threads.map(run, self._networks, parts))
        self._kind = type(made[0])
        return made

    def backward(
        self, made: Sequence[tuple[Tensor, ...]], gradients: Sequence[Tensor | None]
    ) -> None:
        """Add to the network's gradients what `gradients` of the whole outputs make."""
        network, *twins = self._networks
        for twin in twins:
            twin.zero_grad(set_to_none=True)
        counts = [len(outputs[0]) for outputs in made]
        parts = zip(*(_split(each, counts) for each in gradients), strict=True)
        list(self._threads.map(_go_back, made, parts))
        for twin in twins:
            for shared, own in zip(network.parameters(), twin.parameters(), strict=True):
                if own.grad is not None:
                    shared.grad = own.grad if shared.grad is None else shared.grad.add_(own.grad)
        self._bring_together()  # not sooner: going back may need them as they were

    @torch.no_grad()
    def _bring_together(self) -> None:
        """Of running statistics, the mean; equal ones stay exactly as they are."""
        network, *twins = self._statistics
        if not network:
            return
        for count, own in enumerate(twins, 2):
            torch._foreach_lerp_(network, own, 1 / count)
        for own in twins:
            torch._foreach_copy_(own, network)


class _Whole(torch.autograd.Function):
    """Parts as one: their outputs end to end, whose gradients go back through each."""

    @staticmethod
    def forward(context: Any, _: Tensor, abreast: Abreast, inputs: Tensor) -> tuple[Tensor, ...]:
        context.abreast, context.made = abreast, abreast.forward(inputs)
        return tuple(torch.cat(pieces).detach() for pieces in zip(*context.made, strict=True))

    @staticmethod
    def backward(context: Any, *gradients: Tensor | None) -> tuple[None, ...]:
        context.abreast.backward(context.made, gradients)
        return None, None, None


def _go_back(made: tuple[Tensor, ...], gradients: tuple[Tensor | None, ...]) -> None:
    known = [
        (output, gradient)
        for output, gradient in zip(made, gradients, strict=True)
        if output.requires_grad and gradient is not None
    ]
    if known:
        torch.autograd.backward([pair[0] for pair in known], [pair[1] for pair in known])


def _split(whole: Tensor | None, counts: list[int]) -> Sequence[Tensor | None]:
    return [None] * len(counts) if whole is None else torch.split(whole, counts)


def _floats(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [tensor for tensor in tensors if tensor.is_floating_point()]
