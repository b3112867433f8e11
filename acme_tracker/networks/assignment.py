"""Which points learn which boxes: task-aligned assignment (TOOD, Feng et al. 2021).

A point is as good for a box as its prediction already is, score and overlap together. Each box gets
its best points; a point that several boxes want goes to the one it overlaps most.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from acme_tracker.networks.decoding import STRIDES, Grid

_MOST_POINTS = 10  # of a box
_SCORE_POWER, _OVERLAP_POWER = 0.5, 4.0  # TOOD's alpha and beta are 1 and 6, for larger networks
_NEAR = 0.75  # of the finest stride: a box of any size has a point whose middle is that near
_LEAST_SCORE = 1e-4  # so that no score can keep a box from being learnt
_TINY = 1e-9


class Assignment(NamedTuple):
    """Pairs of a point and a box that it learns, P in all; no point is twice in it.

    Attributes:
        image: (P,) of the batch.
        point: (P,) of the grid.
        truth: (P,) row of the boxes.
        quality: (P,) float: the score to learn, at most the best overlap that the box has now.
    """

    image: Tensor
    point: Tensor
    truth: Tensor
    quality: Tensor


@torch.no_grad()
def assign(
    scores: Tensor, predicted: Tensor, xyxy: Tensor, image: Tensor, positive: Tensor, grid: Grid
) -> Assignment:
    """Assign points to boxes.

    Args:
        scores: (B, N, K) in [0, 1].
        predicted: (B, N, 4) boxes, pixels.
        xyxy: (G, 4) the true boxes.
        image: (G,) which image of the batch each is on.
        positive: (G, K) the outputs that it makes 1: the best of them counts as its score.
        grid: the N points.
    """
    points = scores.shape[1]
    truth, point = _candidates(xyxy, grid).nonzero(as_tuple=True)
    of = image[truth]
    overlap = pairwise_iou(predicted[of, point], xyxy[truth])
    score = (scores[of, point] * positive[truth]).amax(1).clamp(min=_LEAST_SCORE)
    metric = score**_SCORE_POWER * overlap**_OVERLAP_POWER

    chosen = _best_of_each(truth, point, metric, len(xyxy), points)
    truth, point, overlap, metric = (v[chosen] for v in (truth, point, overlap, metric))
    place = image[truth] * points + point
    kept = _one_box_a_place(place, truth, overlap, scores.shape[0] * points)
    truth, point, overlap, metric = (v[kept] for v in (truth, point, overlap, metric))
    best_metric = _largest(truth, metric, len(xyxy))[truth]
    best_overlap = _largest(truth, overlap, len(xyxy))[truth]
    quality = metric / best_metric * best_overlap  # best_metric > 0 for all that were chosen
    return Assignment(image[truth], point, truth, quality)


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union, row by row: (..., 4), (..., 4) -> (...)."""
    shared, union = _shared_and_union(a, b)
    return shared / union.clamp(min=_TINY)


def pairwise_giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU in [-1, 1], row by row (Rezatofighi et al. 2019)."""
    shared, union = _shared_and_union(a, b)
    around = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    hull = around.prod(-1).clamp(min=_TINY)
    return shared / union.clamp(min=_TINY) - (hull - union) / hull


def inside(xyxy: Tensor, centres: Tensor) -> Tensor:
    """Which points lie in which boxes: (G, 4), (N, 2) -> (G, N)."""
    x, y = centres.T.contiguous().unbind()
    left, top, right, bottom = xyxy.T[:, :, None].unbind()
    return (x >= left) & (x < right) & (y >= top) & (y < bottom)


def _shared_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (a, b)]
    return shared, areas[0] + areas[1] - shared


def _candidates(xyxy: Tensor, grid: Grid) -> Tensor:
    """(G, N) points in the box, and the finest next to its middle: small boxes have no others."""
    x, y = grid.centres.T.contiguous().unbind()
    middle_x, middle_y = ((xyxy[:, :2] + xyxy[:, 2:]) / 2).T[:, :, None].unbind()
    most = _NEAR * STRIDES[0]
    near = ((x - middle_x).abs() < most) & ((y - middle_y).abs() < most)
    return inside(xyxy, grid.centres) | (near & (grid.strides[:, 0] == STRIDES[0]))


def _best_of_each(truth: Tensor, point: Tensor, metric: Tensor, boxes: int, points: int) -> Tensor:
    """Rows of the pairs with the best metrics of each box."""
    row_of = torch.full((boxes, points), -1, device=truth.device)
    row_of[truth, point] = torch.arange(len(truth), device=truth.device)
    table = metric.new_full((boxes, points), -1.0)
    table[truth, point] = metric
    best, where = table.topk(min(_MOST_POINTS, points), 1)
    return row_of.gather(1, where)[
        best > 0
    ]  # however small: so are the first overlaps of small boxes


def _one_box_a_place(place: Tensor, truth: Tensor, overlap: Tensor, places: int) -> Tensor:
    """(P,) bool: each place keeps the box that it overlaps most, of equals the first."""
    best = overlap == _largest(place, overlap, places)[place]
    none = torch.iinfo(truth.dtype).max
    first = truth.new_full((places,), none)
    first.scatter_reduce_(0, place[best], truth[best], "amin")
    return best & (truth == first[place])


def _largest(group: Tensor, values: Tensor, groups: int) -> Tensor:
    """(groups,) the largest value of each, 0 for empty ones."""
    return values.new_zeros(groups).scatter_reduce_(0, group, values, "amax")
