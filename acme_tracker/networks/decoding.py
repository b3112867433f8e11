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
    return _lay_grid(*size, device)


def _lay_grid(width: int, height: int, device: torch.device | str) -> Grid:
    """As `make_grid`; written so that tracing keeps the sizes that come from a picture's shape."""
    centres, strides = [], []
    for stride in STRIDES:
        columns, rows = width // stride, height // stride
        x = torch.arange(columns, device=device).expand(rows, columns)
        y = torch.arange(rows, device=device)[:, None].expand(rows, columns)
        middles = (torch.stack([x, y], 2).flatten(0, 1) + 0.5) * stride
        centres.append(middles)
        strides.append(torch.full_like(middles[:, :1], float(stride)))
    return Grid(torch.cat(centres), torch.cat(strides))


def decode_boxes(distances: Tensor, grid: Grid) -> Tensor:
    """Raw distances (..., N, 4) to left, top, right and bottom -> xyxy in pixels of the input.

    The exponential keeps distances positive, as in FCOS (Tian et al. 2019).
    """
    pixels = distances.clamp(-_FARTHEST, _FARTHEST).exp() * grid.strides
    # Not two halves put together: OpenVINO makes one pass of this.
    outwards = torch.arange(4, device=grid.centres.device) // 2 * 2 - 1  # -1, -1, 1, 1
    return grid.centres.repeat(1, 2) + pixels * outwards


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


class AnySizeDetector(nn.Module):
    """As DecodedDetector, for pictures of every size of multiples of 32: for traced files."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See DecodedDetector."""
        logits, distances = self.network(images)
        grid = _lay_grid(images.shape[3], images.shape[2], images.device)
        return decode_boxes(distances.float(), grid), logits.float().sigmoid()
