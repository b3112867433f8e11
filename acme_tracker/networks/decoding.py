"""From a detector's raw maps to boxes: the same pure functions in training and inference."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
_FARTHEST = 4.0  # of a raw distance: e^4 strides are 437 px at stride 8, 1,747 at 32


class RawOutputs(NamedTuple):
    """What a detector's network says of a batch, for each of its N points.

    Attributes:
        logits: (B, N, K) of each output.
        distances: (B, N, 4) raw: logarithms of the distances to the box's sides, in strides.
    """

    logits: Tensor
    distances: Tensor


class Grid(NamedTuple):
    """The points that a detector predicts boxes at: the middles of its maps' cells.

    Attributes:
        centres: (N, 2) x, y in pixels of the input.
        strides: (N, 1) pixels.
    """

    centres: Tensor
    strides: Tensor


def make_grid(size: tuple[int, int], device: torch.device | str = "cpu") -> Grid:
    """The points of an input of (width, height), in the order of the network's outputs.

    Raises:
        ValueError: the size is not a multiple of the coarsest stride.
    """
    if size[0] % STRIDES[-1] or size[1] % STRIDES[-1] or min(size) <= 0:
        raise ValueError(f"input size must be multiples of {STRIDES[-1]}, got {size}")
    centres, strides = [], []
    for stride in STRIDES:
        columns, rows = size[0] // stride, size[1] // stride
        x = torch.arange(columns, device=device).repeat(rows)
        y = torch.arange(rows, device=device).repeat_interleave(columns)
        centres.append((torch.stack([x, y], 1) + 0.5) * stride)
        strides.append(torch.full((rows * columns, 1), float(stride), device=device))
    return Grid(torch.cat(centres), torch.cat(strides))


def decode_boxes(distances: Tensor, grid: Grid) -> Tensor:
    """Raw distances (..., N, 4) to left, top, right and bottom -> xyxy in pixels of the input.

    The exponential keeps distances positive, as in FCOS (Tian et al. 2019).
    """
    pixels = distances.clamp(-_FARTHEST, _FARTHEST).exp() * grid.strides
    return torch.cat([grid.centres - pixels[..., :2], grid.centres + pixels[..., 2:]], -1)


class DecodedDetector(nn.Module):
    """A detector with its decoding, for one input size: what is exported and run."""

    centres: Tensor
    strides: Tensor

    def __init__(self, network: nn.Module, size: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        for name, value in make_grid(size)._asdict().items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) RGB in 0..255 -> boxes (B, N, 4) in input pixels, scores (B, N, K)."""
        logits, distances = self.network(images)
        boxes = decode_boxes(distances.float(), Grid(self.centres, self.strides))
        return boxes, logits.float().sigmoid()
