"""Changing the classes of data sets: merging, renaming, dropping, choosing, combining.

How masks follow: a merged class is labelled on an image only if each of its parts is covered there.
A part is covered if it is labelled itself; or if it is a member of a super-class that is labelled
and merged into the same class (a source that labels "vehicle" covers car, bus and truck once they
become vehicles too); or if it is a super-class whose members are all labelled and merged into the
same class (a source that labels car, bus and truck covers "vehicle").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import nearest
from acme_tracker.datasets.types import REGION, DetectionDataset, LabelledBoxes
from acme_tracker.datasets.types import Sequence as TrackSequence
from acme_tracker.datatypes import ClassList
from acme_tracker.errors import ConfigError, DatasetError

ClassMap = Mapping[str, str | None]  # None drops


def parse_class_map(text: str | Iterable[str]) -> dict[str, str | None]:
    """`"car=vehicle,bus=vehicle,van="` -> `{"car": "vehicle", "bus": "vehicle", "van": None}`."""
    texts = [text] if isinstance(text, str) else list(text)
    parsed: dict[str, str | None] = {}
    for word in (word for text in texts for word in text.split(",") if word.strip()):
        old, equals, new = (part.strip() for part in word.partition("="))
        if not equals or not old:
            raise ConfigError(
                f"--map wants OLD=NEW,... (car=vehicle) or OLD= to drop, got {word!r}"
            )
        if parsed.get(old, new or None) != (new or None):
            raise ConfigError(f"--map says twice what becomes of {old!r}")
        parsed[old] = new or None
    return parsed


def check_class_map(class_map: ClassMap, lists: Iterable[ClassList]) -> None:
    """ConfigError for a class that none of these lists knows."""
    lists = list(lists)
    for old in class_map:
        if not any(classes.members(old) for classes in lists):
            hint = nearest(old, {name for classes in lists for name in classes})
            raise ConfigError(f"--map: unknown class {old!r}{hint}")


def resolve(classes: ClassList, class_map: ClassMap) -> list[str | None]:
    """The new name of each class, None for dropped ones.

    A super-class in the map that is no class itself stands for those of its members that the map
    does not name.

    Raises:
        ConfigError: the map names a class that is not there.
    """
    check_class_map(class_map, [classes])
    new: dict[str, str | None] = {name: name for name in classes}
    for old, target in class_map.items():
        members = [classes.names[i] for i in classes.members(old)]
        chosen = [old] if old in classes else [m for m in members if m not in class_map]
        new |= dict.fromkeys(chosen, target)
    return [new[name] for name in classes]


def map_classes(dataset: DetectionDataset, class_map: ClassMap) -> DetectionDataset:
    """Classes merged, renamed or dropped with their boxes; masks as this module's head says."""
    targets = resolve(dataset.classes, class_map)
    names = [name for name in dict.fromkeys(targets) if name is not None]
    labelled = np.zeros((len(dataset), len(names)), bool)
    for number, name in enumerate(names):
        parts = [i for i, target in enumerate(targets) if target == name]
        labelled[:, number] = _merged(dataset, parts)
    boxes = dataset.boxes
    class_id, kept = _renumber(boxes.class_id, targets, names)
    boxes = replace(boxes, class_id=class_id)[kept]
    return replace(dataset, classes=ClassList(tuple(names)), labelled=labelled, boxes=boxes)


def map_sequence(sequence: TrackSequence, class_map: ClassMap) -> TrackSequence:
    """The same for a sequence: rows of dropped classes go."""
    targets = resolve(sequence.classes, class_map)
    names = [name for name in dict.fromkeys(targets) if name is not None]
    class_id, kept = _renumber(sequence.rows.class_id, targets, names)
    rows = replace(sequence.rows, class_id=class_id)[kept]
    return replace(sequence, classes=ClassList(tuple(names)), rows=rows)


def map_sequences(sequences: Sequence[TrackSequence], class_map: ClassMap) -> list[TrackSequence]:
    """Each by as much as it knows of a map; ConfigError for a class that none of them knows."""
    check_class_map(class_map, [sequence.classes for sequence in sequences])
    return [map_known(sequence, class_map) for sequence in sequences]


def map_known(sequence: TrackSequence, class_map: ClassMap) -> TrackSequence:
    """As `map_sequence` does, without what the sequence does not know of the map."""
    known = {old: new for old, new in class_map.items() if sequence.classes.members(old)}
    return map_sequence(sequence, known)


def _renumber(
    class_id: NDArray[np.int64], targets: Sequence[str | None], names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """New class_ids, and which rows stay."""
    dropped = -2
    number = [dropped if target is None else names.index(target) for target in targets]
    new = np.array([*number, REGION], np.int64)[class_id]  # REGION, -1, picks the last: itself
    return new, new != dropped


def _merged(dataset: DetectionDataset, parts: Sequence[int]) -> NDArray[np.bool_]:
    """(I,) whether a class merged from `parts` is labelled on each image."""
    classes, labelled = dataset.classes, dataset.labelled
    ids = {classes.names[part]: part for part in parts}
    covered = {name: labelled[:, part].copy() for name, part in ids.items()}
    for whole, members in classes.super_classes.items():
        if whole not in ids:
            continue
        for member in set(members) & set(ids):
            covered[member] |= labelled[:, ids[whole]]
        if set(members) <= set(ids):
            covered[whole] |= np.all([labelled[:, ids[member]] for member in members], axis=0)
    return np.asarray(np.all(list(covered.values()), axis=0), bool)


def with_classes(dataset: DetectionDataset, names: Sequence[str]) -> DetectionDataset:
    """Exactly these classes in this order: others go with their boxes, new ones are unlabelled.

    Boxes of a super-class that goes while members of it stay become regions to ignore: something
    that belongs to one of them is there, but not which. Boxes of a member that goes become those of
    its super-class where that stays and is labelled: there it has a box for each of its members.
    """
    dataset = _raised(dataset, names)
    old, boxes = dataset.classes, dataset.boxes
    labelled = np.zeros((len(dataset), len(names)), bool)
    for number, name in enumerate(names):
        if name in old:
            labelled[:, number] = dataset.labelled[:, old.id_of(name)]
    gone = np.array([name not in names for name in old] + [False])[boxes.class_id]
    wider = [bool(set(old.super_classes.get(name, ())) & set(names)) for name in old]
    to_region = gone & np.array([*wider, False])[boxes.class_id]
    targets = [name if name in names else None for name in old]
    class_id, _ = _renumber(boxes.class_id, targets, names)
    class_id = np.where(to_region, REGION, class_id)
    boxes = replace(boxes, class_id=class_id, ignore=boxes.ignore | to_region)
    kept = boxes[~gone | to_region]
    return replace(dataset, classes=ClassList(tuple(names)), labelled=labelled, boxes=kept)


def _raised(dataset: DetectionDataset, names: Sequence[str]) -> DetectionDataset:
    """Boxes of members that go as boxes of their super-class, on images that label it."""
    old, class_id = dataset.classes, dataset.boxes.class_id.copy()
    for whole in (name for name in names if name in old and name in old.super_classes):
        gone = [i for i in old.members(whole) if old.names[i] not in names]
        labelled = dataset.labelled[dataset.boxes.image, old.id_of(whole)]
        class_id[labelled & np.isin(class_id, gone)] = old.id_of(whole)
    return replace(dataset, boxes=replace(dataset.boxes, class_id=class_id))


def combine(datasets: Sequence[DetectionDataset]) -> DetectionDataset:
    """All images of several data sets with the union of their classes, by name.

    A class that a data set does not have is unlabelled on all of its images.
    """
    if not datasets:
        raise DatasetError("wanted at least one data set to combine")
    if len(datasets) == 1:
        return datasets[0]
    names = list(dict.fromkeys(name for dataset in datasets for name in dataset.classes))
    widened = [_widen(dataset, names) for dataset in datasets]
    firsts = np.cumsum([0, *(len(dataset) for dataset in datasets)])
    shifted = [
        replace(dataset.boxes, image=dataset.boxes.image + first)
        for dataset, first in zip(widened, firsts[:-1], strict=True)
    ]
    return DetectionDataset(
        " + ".join(dict.fromkeys(dataset.format for dataset in datasets)),
        _shared_root([dataset.root for dataset in datasets]),
        ClassList(tuple(names)),
        tuple(path for dataset in datasets for path in dataset.paths),
        tuple(name for dataset in datasets for name in dataset.names),
        tuple(split for dataset in datasets for split in dataset.splits),
        np.concatenate([dataset.sizes for dataset in datasets]),
        np.concatenate([dataset.labelled for dataset in widened]),
        LabelledBoxes.concatenate(shifted),
        tuple(problem for dataset in datasets for problem in dataset.problems),
    )


def _widen(dataset: DetectionDataset, names: Sequence[str]) -> DetectionDataset:
    """With a list of classes that has all of the old ones."""
    ids = np.array([names.index(name) for name in dataset.classes] + [REGION], np.int64)
    labelled = np.zeros((len(dataset), len(names)), bool)
    labelled[:, ids[:-1]] = dataset.labelled
    boxes = replace(dataset.boxes, class_id=ids[dataset.boxes.class_id])
    return replace(dataset, classes=ClassList(tuple(names)), labelled=labelled, boxes=boxes)


def _shared_root(roots: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath([root.resolve() for root in roots]))
    except ValueError:  # on different drives
        return roots[0]
