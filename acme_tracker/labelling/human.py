"""What people labelled stays as it is; teachers add what they left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datasets import REGION, DetectionDataset
from acme_tracker.datatypes import SUPER_CLASSES, Boxes
from acme_tracker.labelling.judging import Judged
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.vocabulary import Vocabulary

Mask = NDArray[np.bool_]

_COVERED = 0.6  # share of a box that is part of one that is known
_HIDDEN = 0.5  # share of a box inside a region to ignore


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of one picture, in the vocabulary's classes.

    Attributes:
        xyxy: (N, 4); class_id: (N,), REGION for regions; ignore: (N,) bool.
        labelled: (C,) bool, as in LabelledImage.
    """

    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: Mask
    labelled: Mask

    @classmethod
    def none(cls, vocabulary: Vocabulary) -> Labels:
        """Of a picture of which nothing is known."""
        empty = np.empty((0, 4), np.float32), np.empty(0, np.int64), np.empty(0, bool)
        return cls(*empty, np.zeros(len(vocabulary.classes), bool))


def human_labels(dataset: DetectionDataset, number: int, vocabulary: Vocabulary) -> Labels:
    """What a data set says of one of its images."""
    image, new = dataset[number], vocabulary.ids(dataset.classes.names)
    labelled = np.zeros(len(vocabulary.classes), bool)
    labelled[new] = image.labelled
    class_id = np.append(new, REGION)[image.class_id]
    return Labels(image.xyxy, class_id, image.ignore, labelled)


def complete(
    human: Labels,
    judged: Judged,
    known: Sequence[str],
    vocabulary: Vocabulary,
    settings: LabelSettings,
) -> Labels:
    """The human labels and what they lack; `known` are the classes that the teachers know."""
    judged = _missing(human, judged, vocabulary, settings)
    merged = Labels(
        np.concatenate([human.xyxy, judged.xyxy]),
        np.concatenate([human.class_id, judged.class_id]),
        np.concatenate([human.ignore, judged.ignore]),
        human.labelled,
    )
    return replace(merged, labelled=_mask(merged, known, vocabulary))


def _missing(
    human: Labels, judged: Judged, vocabulary: Vocabulary, settings: LabelSettings
) -> Judged:
    """What overlaps no human box; what holds one is to ignore."""
    hidden = boxes.coverage(judged.xyxy, human.xyxy[human.ignore])
    judged = judged[np.asarray(hidden.sum(1) < _HIDDEN)]
    known = human.xyxy[~human.ignore]
    kinds = vocabulary.kind_ids
    same_kind = kinds[judged.class_id][:, None] == kinds[human.class_id[~human.ignore]]
    found = boxes.iou(judged.xyxy, known) >= settings.known_iou
    found |= same_kind & (boxes.coverage(judged.xyxy, known) >= _COVERED)
    found |= _aboard(judged, human, vocabulary)
    held = same_kind & (boxes.coverage(known, judged.xyxy).T >= _COVERED)
    judged = replace(judged, ignore=judged.ignore | held.any(1))
    return judged[np.asarray(~found.any(1))]


def _aboard(judged: Judged, human: Labels, vocabulary: Vocabulary) -> Mask:
    """(N, M) whether a found person is a part of a human box of a bike or vehicle."""
    boarded = human.class_id[~human.ignore]
    of = np.array([vocabulary.kinds[k] in SUPER_CLASSES for k in vocabulary.kind_ids], bool)
    person = np.array([name == "person" for name in vocabulary.classes], bool)
    inside = boxes.coverage(judged.xyxy, human.xyxy[~human.ignore]) >= _COVERED
    return np.asarray(inside & person[judged.class_id][:, None] & of[boarded])


def _mask(labels: Labels, known: Sequence[str], vocabulary: Vocabulary) -> Mask:
    """(C,) of which classes every object now has a box.

    Where a vehicle's class stayed open, its super-class is labelled, but not car, bus and truck.
    """
    names = vocabulary.classes.names
    human = [names[i] for i in np.flatnonzero(labels.labelled)]
    mask = labels.labelled.copy()
    mask[vocabulary.ids([name for name in known if name in names])] = True
    complete = vocabulary.known_kinds(human) | vocabulary.known_kinds(known)
    open_ids = set(labels.class_id[~labels.ignore].tolist())
    for whole in SUPER_CLASSES:
        if whole not in names:
            continue
        number = vocabulary.classes.id_of(whole)
        mask[number] = whole in complete
        if number in open_ids:
            mask[vocabulary.members(whole)] = False
    return mask
