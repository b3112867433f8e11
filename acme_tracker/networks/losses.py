"""The detector's loss, where images do not label everything.

Scores learn by binary cross-entropy with the assignment's quality as soft target (as in TOOD, Feng
et al. 2021, without its focal factor). Boxes learn by generalised IoU (Rezatofighi et al. 2019),
weighted by the same quality. What nobody labelled gives no loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

from acme_tracker.networks.assignment import Assignment, assign, inside, pairwise_giou
from acme_tracker.networks.decoding import Grid, RawOutputs, decode_boxes


@dataclass(frozen=True, eq=False)
class Targets:
    """What there is to learn on a batch of pictures, for K outputs.

    Attributes:
        xyxy: (G, 4) float32, the labelled boxes; image: (G,) int64, which picture each is on.
        positive: (G, K) float32, 1 for outputs that the box's label makes 1.
        known: (G, K) float32, 0 for outputs of which the label says nothing ("vehicle" of "car").
        ignore_xyxy: (I, 4); ignore_image: (I,): boxes in which nothing is learnt by those outputs
            that are 1 in ignore_outputs: (I, K) float32.
        tile_xyxy: (T, 4); tile_image: (T,): parts of the pictures; where no box is, those outputs
            learn 0 that are 1 in tile_outputs: (T, K) float32.
    """

    xyxy: Tensor
    image: Tensor
    positive: Tensor
    known: Tensor
    ignore_xyxy: Tensor
    ignore_image: Tensor
    ignore_outputs: Tensor
    tile_xyxy: Tensor
    tile_image: Tensor
    tile_outputs: Tensor

    def to(self, device: torch.device) -> Targets:
        """The same on another device."""
        moved = {f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)}
        return Targets(**moved)


class Losses(NamedTuple):
    """Scalars: what to minimise, its parts, and how many points learn a box."""

    total: Tensor
    scores: Tensor
    boxes: Tensor
    positives: int


def detection_loss(
    raw: RawOutputs,
    targets: Targets,
    grid: Grid,
    box_weight: float = 2.5,
    mean: Callable[[Tensor], Tensor] = lambda own: own,
) -> Losses:
    """The loss of a batch.

    Args:
        raw: the network's outputs.
        targets: what there is to learn.
        grid: the points of the batch's input size.
        box_weight: of the boxes' part beside the scores' part.
        mean: of a scalar over all processes that share the batch: what there is to learn is divided
            by the whole batch's quality, so that their mean gradient is that of one process.
    """
    logits = raw.logits.float()
    predicted = decode_boxes(raw.distances.float(), grid)
    wanted, learnt = torch.zeros_like(logits), background_mask(targets, grid, len(logits))
    assigned = Assignment(*(targets.image.new_zeros(0) for _ in Assignment._fields))
    if len(targets.xyxy):
        assigned = assign(
            logits.detach().sigmoid(),
            predicted.detach(),
            targets.xyxy,
            targets.image,
            targets.positive,
            grid,
        )
        place = assigned.image, assigned.point
        wanted[place] = assigned.quality[:, None] * targets.positive[assigned.truth]
        learnt[place] = targets.known[assigned.truth]
    quality = assigned.quality.float()
    share = mean(quality.sum()).clamp(min=1)
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    scores = (entropy * learnt).sum() / share
    found = predicted[assigned.image, assigned.point]
    overlap = pairwise_giou(found, targets.xyxy[assigned.truth])
    boxes = ((1 - overlap) * quality).sum() / share
    return Losses(scores + box_weight * boxes, scores, boxes, len(quality))


def background_mask(targets: Targets, grid: Grid, images: int) -> Tensor:
    """(B, N, K) 1 where an output learns from a point that no box was assigned to."""
    shape = (images, len(grid.centres), targets.tile_outputs.shape[1])
    labelled = _painted(shape, targets.tile_xyxy, targets.tile_image, targets.tile_outputs, grid)
    hidden = _painted(
        shape, targets.ignore_xyxy, targets.ignore_image, targets.ignore_outputs, grid
    )
    return ((labelled > 0) & (hidden == 0)).float()


def _painted(
    shape: tuple[int, int, int], xyxy: Tensor, image: Tensor, outputs: Tensor, grid: Grid
) -> Tensor:
    """(B, N, K): how many of the boxes that name an output have the point inside."""
    there = inside(xyxy, grid.centres).float()  # (I, N)
    counts = torch.zeros(shape, device=xyxy.device)
    return counts.index_add_(0, image, there[:, :, None] * outputs[:, None])
