"""The classes of the labels, and which of them may be the same object under another name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datatypes import ROAD_USERS, SUPER_CLASSES, ClassList


def kind_of(name: str) -> str:
    """The super-class of a class, itself where it has none."""
    return next((whole for whole, members in SUPER_CLASSES.items() if name in members), name)


@dataclass(frozen=True)
class Vocabulary:
    """All classes of teachers and human labels; a kind is a super-class with its members."""

    classes: ClassList

    @classmethod
    def of(cls, names: Iterable[str]) -> Vocabulary:
        """Road users first, super-classes last; these also where several members are known."""
        known = list(dict.fromkeys(names))
        plain = [name for name in ROAD_USERS if name in known]
        plain += [name for name in known if name not in (*plain, *SUPER_CLASSES)]
        wider = [
            whole
            for whole, members in SUPER_CLASSES.items()
            if whole in known or len(set(members) & set(known)) > 1
        ]
        return cls(ClassList((*plain, *wider)))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(kind_of, self.classes)))

    @cached_property
    def kind_ids(self) -> NDArray[np.int64]:
        """(C,) the kind of each class."""
        return np.array([self.kinds.index(kind_of(name)) for name in self.classes], np.int64)

    def is_kind(self, name: str) -> NDArray[np.bool_]:
        """(C,) which classes are of a kind."""
        return np.array([self.kinds[number] == name for number in self.kind_ids], bool)

    def ids(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Class_ids of these names."""
        return np.array([self.classes.id_of(name) for name in names], np.int64)

    def members(self, kind: str) -> list[int]:
        """Class_ids of a kind but for the super-class itself; of a plain class, its own."""
        ids = np.flatnonzero(self.kind_ids == self.kinds.index(kind))
        return [i for i in ids.tolist() if self.classes.names[i] not in SUPER_CLASSES]

    def known_kinds(self, names: Iterable[str]) -> set[str]:
        """The kinds of which someone who knows these classes finds every object."""
        known = set(names)
        return {
            kind
            for kind in self.kinds
            if kind in known or known.issuperset(SUPER_CLASSES.get(kind, (kind,)))
        }
