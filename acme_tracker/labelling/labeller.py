"""Labels pictures one after the other."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from acme_tracker import __version__
from acme_tracker.datasets.writing import Placement
from acme_tracker.errors import ConfigError, DatasetError
from acme_tracker.frames import Image
from acme_tracker.labelling.clips import settle
from acme_tracker.labelling.folder import LabelFolder
from acme_tracker.labelling.fusion import Fused, fuse
from acme_tracker.labelling.human import Labels, complete
from acme_tracker.labelling.inputs import Inputs, LabelWarning, Shot
from acme_tracker.labelling.judging import Judged, judge
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.teachers import Panel, Teacher
from acme_tracker.labelling.vocabulary import Vocabulary


class Labeller:
    """Teachers, and how their word is taken.

    Args:
        aspects: width over height in which teachers see the pictures whose names begin so.
    """

    def __init__(
        self,
        teachers: Sequence[Teacher],
        vocabulary: Vocabulary,
        settings: LabelSettings,
        aspects: Mapping[str, float],
    ) -> None:
        self._panel, self._vocabulary = Panel(teachers, vocabulary), vocabulary
        self._settings, self._aspects = settings, aspects
        known = [name for teacher in teachers for name in teacher.detector.classes]
        self._known = list(dict.fromkeys(known))

    def judge(self, shot: Shot, image: Image) -> Judged:
        """What the teachers say of a picture."""
        now = self._found(image, shot.name)
        looks = [self._found(load(), shot.name) for load in shot.around]
        before, after = looks if len(looks) == 2 else (None, None)
        return judge(now, before, after, self._vocabulary, self._settings)

    def labels(self, judged: Judged, human: Labels | None = None) -> Labels:
        """That, beside what people say of it."""
        human = human or Labels.none(self._vocabulary)
        return complete(human, judged, self._known, self._vocabulary, self._settings)

    def settle(self, judged: Sequence[Judged], times_s: Sequence[float]) -> list[Labels]:
        """The labels of the frames of one clip, each in the light of the others."""
        return [self.labels(each) for each in settle(judged, times_s, self._vocabulary)]

    def _found(self, image: Image, name: str) -> Fused:
        begins = [start for start in self._aspects if name.rsplit("/", 1)[-1].startswith(start)]
        aspect = self._aspects[max(begins, key=len)] if begins else None
        return fuse(self._panel.look(image, aspect), self._settings.same_iou, self._panel.weights)


def label_inputs(
    inputs: Inputs,
    teachers: Sequence[Teacher],
    settings: LabelSettings,
    out: Path,
    *,
    aspects: Mapping[str, float],
    leave: Sequence[str],
    placement: Placement,
    watch: Callable[[str], None],
) -> tuple[LabelFolder, list[Path]]:
    """Label everything into a folder, telling `watch` each name; -> it, and sheets to review.

    Ended before its time (KeyboardInterrupt), what was labelled is written all the same.
    """
    names = [name for teacher in teachers for name in teacher.detector.classes]
    vocabulary = Vocabulary.of([*inputs.classes, *names])
    labeller = Labeller(teachers, vocabulary, settings, aspects)
    origin = _origin(inputs, teachers, settings, aspects, leave)
    folder = LabelFolder(out, vocabulary, placement, origin)
    done = False
    try:
        with closing(inputs.shots(vocabulary, settings, leave)) as shots:
            for clip, group in groupby(shots, lambda shot: shot.clip):
                if clip:
                    _label_clip(group, labeller, folder, settings, watch)
                else:
                    _label_pictures(group, labeller, folder, settings, watch)
        done = True
    finally:
        sheets = folder.finish(done)
    return folder, sheets


def _label_clip(
    shots: Iterable[Shot],
    labeller: Labeller,
    folder: LabelFolder,
    settings: LabelSettings,
    watch: Callable[[str], None],
) -> None:
    """Frame by frame, and at the end all of them once more."""
    first, found, times_s = len(folder), [], []
    for shot in shots:
        image = shot.load()
        found.append(labeller.judge(shot, image))
        times_s.append(shot.time_s)
        folder.add(shot, image, labeller.labels(found[-1]), settings.jpeg_quality)
        watch(shot.name)
    folder.correct(first, labeller.settle(found, times_s))


def _label_pictures(
    shots: Iterable[Shot],
    labeller: Labeller,
    folder: LabelFolder,
    settings: LabelSettings,
    watch: Callable[[str], None],
) -> None:
    """One by one; those that cannot be read are left out, with a warning."""
    for shot in shots:
        try:
            image = shot.load()
        except DatasetError as error:
            warnings.warn(f"left out: {error}", LabelWarning, stacklevel=2)
            continue
        if shot.finished and shot.human is not None:
            labels = shot.human
        else:
            labels = labeller.labels(labeller.judge(shot, image), shot.human)
        folder.add(shot, image, labels, settings.jpeg_quality)
        watch(shot.name)


def _origin(
    inputs: Inputs,
    teachers: Sequence[Teacher],
    settings: LabelSettings,
    aspects: Mapping[str, float],
    leave: Sequence[str],
) -> dict[str, Any]:
    """What the labels come from, for people and for model cards."""
    return {
        "program": f"acme-tracker {__version__}",
        "teachers": [
            {
                "name": teacher.name,
                "weight": teacher.weight,
                "working_score": teacher.working,
                "classes": list(teacher.detector.classes),
            }
            for teacher in teachers
        ],
        "settings": settings.model_dump(mode="json"),
        "aspects": dict(aspects),
        "left_as_they_are": list(leave),
        "videos": [Path(word).name for word in inputs.videos],
        "pictures": len(inputs.pictures),
        "datasets": [
            {"name": dataset.root.name, "format": dataset.format, "images": len(dataset)}
            for dataset in inputs.datasets
        ],
    }


def parse_aspects(words: Sequence[str]) -> dict[str, float]:
    """`["1.7", "topview_=1.5"]` -> width over height by the beginning of names, "" for all."""
    aspects = {}
    for word in words:
        beginning, _, text = word.rpartition("=")
        try:
            aspect = float(text)
        except ValueError:
            aspect = 0
        if not 0.1 <= aspect <= 10:
            raise ConfigError(
                f"--aspect wants RATIO or BEGINNING=RATIO with a ratio of 0.1 to 10, got {word!r}"
            )
        aspects[beginning] = aspect
    return aspects
