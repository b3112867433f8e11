"""Several teachers' boxes as one: weighted boxes fusion, and a vote on the class.

Solovyev, Wang, Gabruseva: Weighted boxes fusion. Image and Vision Computing 107, 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.labelling.teachers import Seen
from acme_tracker.tables import Table


@dataclass(frozen=True, eq=False)
class Fused(Table):
    """Objects that teachers found.

    Attributes:
        xyxy: (N, 4) float32, mean of the teachers' boxes, weighted by weight and score.
        score: (N,) float32, weighted mean of the best score of each teacher that found it.
        best: (N,) float32, the best of these scores.
        support: (N,) float32, their weighted sum.
        found_by: (N, T) bool, which teachers found it.
        share: (N,) float32, of the weight of those who know its kind.
        kind: (N,).
        votes: (N, C) float32, weighted sums.
        moving: (N,) bool, it moves evenly; False until `motion.follow` has looked.
    """

    xyxy: Boxes
    score: NDArray[np.float32]
    best: NDArray[np.float32]
    support: NDArray[np.float32]
    found_by: NDArray[np.bool_]
    share: NDArray[np.float32]
    kind: NDArray[np.int64]
    votes: NDArray[np.float32]
    moving: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = self._check("xyxy", np.float32, 4)
        self._check("score", np.float32, like=count)
        self._check("best", np.float32, like=count)
        self._check("support", np.float32, like=count)
        self._check("found_by", np.bool_, -1, like=count)
        self._check("share", np.float32, like=count)
        self._check("kind", np.int64, like=count)
        self._check("votes", np.float32, -1, like=count)
        self._check("moving", np.bool_, like=count)

    @property
    def teachers(self) -> NDArray[np.int64]:
        """(N,) how many found it."""
        return np.asarray(self.found_by.sum(1), np.int64)


def fuse(seen: Seen, same_iou: float, weights: NDArray[np.float64]) -> Fused:
    """Objects of each kind: boxes join, best first, the object that they overlap most.

    `weights` (K, T) are those of each teacher on each kind, 0 where it does not know that.
    """
    strength = seen.score * seen.weight
    order = np.argsort(-strength, kind="stable")
    seen, strength = seen[order], strength[order]
    groups: list[list[int]] = []
    fused = np.zeros((len(seen), 4), np.float32)  # of each group
    kinds = np.full(len(seen), -1)
    for row in range(len(seen)):
        overlap = boxes.iou(seen.xyxy[[row]], fused)[0] * (kinds == seen.kind[row])
        place = int(overlap.argmax())
        if overlap[place] <= same_iou:
            place = len(groups)
            groups.append([])
            kinds[place] = seen.kind[row]
        groups[place].append(row)
        fused[place] = np.average(seen.xyxy[groups[place]], axis=0, weights=strength[groups[place]])
    objects = [_summed(seen[rows]) for rows in groups]
    best, support, weight = np.array([o[:3] for o in objects], np.float32).reshape(-1, 3).T
    found_by = np.array([np.isin(np.arange(weights.shape[1]), o[3]) for o in objects], bool)
    votes = np.array([o[4] for o in objects], np.float32)
    kind = kinds[: len(groups)]
    return Fused(
        fused[: len(groups)],
        support / weight,
        best,
        support,
        found_by.reshape(-1, weights.shape[1]),
        weight / weights[kind].sum(1),
        kind,
        votes.reshape(-1, seen.votes.shape[1]),
        np.zeros(len(groups), bool),
    )


def _summed(seen: Seen) -> tuple[float, float, float, NDArray[np.int64], NDArray[np.float32]]:
    """An object's best score, weighted sum of scores, sum of weights, teachers and votes."""
    teachers, first = np.unique(seen.teacher, return_index=True)  # each's best: they are sorted
    one = seen[first]
    support = float((one.score * one.weight).sum())
    votes = (one.votes * one.weight[:, None]).sum(0)
    return float(one.score.max()), support, float(one.weight.sum()), teachers, votes
