"""What the labels of a data set say about a detector's outputs, super-classes among them.

An output is a class or a super-class ("vehicle": any of car, bus and truck). A car is a vehicle; a
vehicle may be a car. Where every car, bus and truck has its box, so has every vehicle; and where
every vehicle has its box, there is no car outside of these. A bus is a vehicle and no car, whether
or not buses are an output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import nearest
from acme_tracker.datasets import DetectionDataset, LabelledImage
from acme_tracker.datatypes import ROAD_USERS, SUPER_CLASSES, ClassList
from acme_tracker.errors import ConfigError
from acme_tracker.networks.outputs import Mask, Outputs


def choose_outputs(
    data: DetectionDataset, classes: Sequence[str], super_classes: Sequence[str]
) -> ClassList:
    """The detector's outputs: the classes wanted, or those that are labelled; then super-classes.

    A super-class is an output if some image says where it is not: it is labelled itself, or each of
    its members is labelled and an output.

    Raises:
        ConfigError: the data do not know a class, or there is no such super-class.
    """
    labelled = [name for i, name in enumerate(data.classes) if data.labelled[:, i].any()]
    for name in classes:
        if name not in labelled:
            raise ConfigError(f"model.classes: no image labels {name!r}{nearest(name, labelled)}")
    for name in super_classes:
        if name not in SUPER_CLASSES:
            raise ConfigError(
                f"model.super_classes: unknown {name!r}{nearest(name, SUPER_CLASSES)}"
            )
    known = [name for name in ROAD_USERS if name in labelled]
    known += [n for n in labelled if n not in ROAD_USERS and n not in SUPER_CLASSES]
    plain = list(classes) or known
    wanted = dict.fromkeys([*super_classes, *([] if classes else labelled)])
    wider = [
        n for n in wanted if n in SUPER_CLASSES and n not in plain and _learnable(n, plain, data)
    ]
    return ClassList((*plain, *wider))


def _learnable(whole: str, plain: Sequence[str], data: DetectionDataset) -> bool:
    if whole in data.classes and data.labelled[:, data.classes.id_of(whole)].any():
        return True
    members = SUPER_CLASSES[whole]
    ids = [data.classes.id_of(name) for name in members if name in plain]
    return len(ids) == len(members) and bool(data.labelled[:, ids].all(1).any())


def other_members(names: Sequence[str], outputs: ClassList) -> tuple[str, ...]:
    """Those of the names that are no outputs, but members of a super-class that is one."""
    wider = {member for name in outputs for member in outputs.super_classes.get(name, ())}
    return tuple(name for name in names if name in wider and name not in outputs)


@dataclass(frozen=True)
class LabelRules(Outputs):
    """What labels mean for K outputs.

    Attributes:
        others: L labels beside those of the outputs' names: of members of super-classes. Where
            classes are numbered by label, these come after the outputs.
    """

    others: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of all K + L labels."""
        return (*self.outputs.names, *self.others)

    @cached_property
    def parts(self) -> Mask:
        """(K, K + L): [s, c] if the label c is one of those that the super-class s stands for."""
        kinds = [set(self.outputs.super_classes.get(name, ())) - {name} for name in self.outputs]
        return np.array([[label in kind for label in self.labels] for kind in kinds], bool)

    @cached_property
    def positive(self) -> Mask:
        """(K + L, K): [c, k] if an object labelled c makes output k 1."""
        itself = np.eye(len(self.labels), len(self.outputs)) > 0
        return np.asarray(self.parts.T | itself)

    @cached_property
    def known(self) -> Mask:
        """(K + L, K): [c, k] if the label c says whether output k is 0 or 1."""
        return ~self._open

    @cached_property
    def _open(self) -> Mask:
        """(K + L, K): [c, k] if an object labelled c may be a k."""
        return np.pad(self.members, ((0, len(self.others)), (0, 0)))

    def complete(self, labelled: Mask) -> Mask:
        """(..., K + L) -> (..., K): of which outputs every object has a box."""
        known = labelled[..., : len(self.outputs)].copy()
        for row, name in enumerate(self.outputs):
            ids = np.flatnonzero(self.parts[row])
            if len(ids) and len(ids) == len(self.outputs.super_classes[name]):
                known[..., row] |= labelled[..., ids].all(-1)
        return known

    def absent(self, labelled: Mask) -> Mask:
        """(..., K + L) -> (..., K): which outputs are 0 wherever no box is."""
        known = self.complete(labelled)
        inherited = (known[..., :, None] & self.members).any(-2)
        return np.asarray(known | inherited, bool)

    def hidden(self, class_id: NDArray[np.int64]) -> Mask:
        """(N, K): what boxes to ignore say nothing of; -1 is a region of anything."""
        related = self.positive | self._open
        everything = np.ones((1, len(self.outputs)), bool)
        return np.concatenate([related, everything])[class_id]  # -1 picks the last

    def truth(self, image: LabelledImage) -> LabelledImage:
        """For scoring every output: the boxes of its members are boxes of the super-class too."""
        rows = [np.flatnonzero(image.class_id < len(self.outputs))]
        class_id = [image.class_id[rows[0]]]
        for row, parts in enumerate(self.parts):
            of = np.flatnonzero(parts[image.class_id] & (image.class_id >= 0))
            rows.append(of)
            class_id.append(np.full(len(of), row))
        chosen = np.concatenate(rows)
        return replace(
            image,
            xyxy=image.xyxy[chosen],
            class_id=np.concatenate(class_id).astype(np.int64),
            ignore=image.ignore[chosen],
            labelled=self.complete(image.labelled),
        )
