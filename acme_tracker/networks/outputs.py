"""What a detector's outputs are called, and how their scores become scores of classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import ClassList

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outputs:
    """The K outputs of a detector: classes, and super-classes that stand for several of them.

    A super-class none of whose members is an output is a class like any other.
    """

    outputs: ClassList

    @cached_property
    def members(self) -> Mask:
        """(K, K): [s, m] if m is one of those that the super-class s stands for."""
        count = len(self.outputs)
        table = np.zeros((count, count), bool)
        for row, name in enumerate(self.outputs):
            table[row, list(self.outputs.members(name))] = True
        return np.asarray(table & ~np.eye(count, dtype=bool))

    @cached_property
    def whole(self) -> Mask:
        """(K,) which outputs are super-classes all of whose members are outputs."""
        kinds = [set(self.outputs.super_classes.get(name, ())) for name in self.outputs]
        return np.array([bool(kind) and kind <= set(self.outputs) for kind in kinds])

    @cached_property
    def plain(self) -> list[int]:
        """The outputs that are no super-class of another."""
        return np.flatnonzero(~self.members.any(1)).tolist()

    @cached_property
    def classes(self) -> ClassList:
        """What objects are called: the plain outputs."""
        return ClassList(tuple(self.outputs.names[i] for i in self.plain))

    def class_scores(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, K) of all outputs -> (N, C) of the plain ones.

        The super-class says whether one of its members is there, their own scores which: the
        likeliest gets the super-class's score, the others in proportion. Where not all of its
        members are outputs it may mean another one, and says nothing of these.
        """
        found = scores.copy()
        for row, members in enumerate(self.members):
            if self.whole[row]:
                best = scores[:, members].max(1, keepdims=True)
                found[:, members] = scores[:, members] / np.maximum(best, 1e-9) * scores[:, [row]]
        return np.asarray(found[:, self.plain], np.float32)
