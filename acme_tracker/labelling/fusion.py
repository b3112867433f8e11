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
        teachers: (N,) how many found it.
        kind: (N,).
        votes: (N, C) float32, weighted sums.
    """

    xyxy: Boxes
    score: NDArray[np.float32]
    best: NDArray[np.float32]
    support: NDArray[np.float32]
    teachers: NDArray[np.int64]
    kind: NDArray[np.int64]
    votes: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = self._check("xyxy", np.float32, 4)
        self._check("score", np.float32, like=count)
        self._check("best", np.float32, like=count)
        self._check("support", np.float32, like=count)
        self._check("teachers", np.int64, like=count)
        self._check("kind", np.int64, like=count)
        self._check("votes", np.float32, -1, like=count)


def fuse(seen: Seen, same_iou: float) -> Fused:
    """Objects of each kind: boxes join, best first, the object that they overlap most."""
    order = np.argsort(-seen.score * seen.weight, kind="stable")
    seen = seen[order]
    strength = seen.score * seen.weight
    groups: list[list[int]] = []
    fused = np.zeros((len(seen), 4), np.float32)  # of each group
    kinds = np.full(len(seen), -1)
    for row in range(len(seen)):
        overlap = boxes.iou(seen.xyxy[[row]], fused[: len(groups)])[0]
        overlap = np.where(kinds[: len(groups)] == seen.kind[row], overlap, 0)
        place = int(overlap.argmax()) if groups else 0
        if not groups or overlap[place] <= same_iou:
            place = len(groups)
            groups.append([])
            kinds[place] = seen.kind[row]
        groups[place].append(row)
        fused[place] = np.average(seen.xyxy[groups[place]], axis=0, weights=strength[groups[place]])
    if not groups:
        return Fused(seen.xyxy, *(seen.score,) * 3, seen.teacher, seen.kind, seen.votes)
    parts = [_of_group(seen[np.array(rows)]) for rows in groups]
    scores = np.array([part[:3] for part in parts], np.float32)
    return Fused(
        fused[: len(groups)],
        scores[:, 0],
        scores[:, 1],
        scores[:, 2],
        np.array([part[3] for part in parts]),
        kinds[: len(groups)],
        np.stack([part[4] for part in parts]),
    )


def _of_group(seen: Seen) -> tuple[float, float, float, int, NDArray[np.float32]]:
    """Mean, best and sum of the teachers' scores, how many teachers, and their votes."""
    _, first = np.unique(seen.teacher, return_index=True)  # the best box of each: they are sorted
    one = seen[np.sort(first)]
    support = float((one.score * one.weight).sum())
    mean = support / float(one.weight.sum())
    votes = (one.votes * one.weight[:, None]).sum(0)
    return mean, float(one.score.max()), support, len(one), votes
