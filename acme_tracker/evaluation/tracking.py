"""Score result files against truth: a row a sequence and the total, whole and by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datasets import open_sequences
from acme_tracker.datasets.maps import check_class_map, map_known
from acme_tracker.datasets.problems import Problem
from acme_tracker.datatypes import ClassList, TrackRows
from acme_tracker.errors import DatasetError
from acme_tracker.evaluation.frames import check_names
from acme_tracker.metrics.scores import TrackingScores, score_class, score_tracks, total
from acme_tracker.results.csv import read_tracks_csv
from acme_tracker.results.mot import read_mot

# In a folder of results, the first that is there: tracks.csv knows classes, MOT files do not.
_OF_SEQUENCE = ("{name}/tracks.csv", "{name}.csv", "{name}/tracks.mot.txt", "{name}.txt")
_OF_ONLY_SEQUENCE = ("tracks.csv", "tracks.mot.txt")


@dataclass(frozen=True, eq=False)
class Tracked:
    """The truth of a sequence and a result for it, with the classes renamed alike.

    Attributes:
        result_classes: what the result's class_id indexes; None where its file says no classes.
        problems: what was wrong while the truth was read.
    """

    name: str
    truth: TrackRows
    truth_classes: ClassList
    result: TrackRows
    result_classes: ClassList | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, eq=False)
class SequenceScores:
    """Scores of one sequence, or of all together: whatever the class, and by class."""

    name: str
    scores: TrackingScores
    by_class: Mapping[str, TrackingScores]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: percentages and counts, and the same by class."""
        by_class = {name: scores.figures() for name, scores in self.by_class.items()}
        return {**self.scores.figures(), "by_class": by_class}


@dataclass(frozen=True, eq=False)
class TrackingReport:
    """A row a sequence, in order of their names, and the total."""

    sequences: tuple[SequenceScores, ...]
    total: SequenceScores
    ignore_above_px: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ignore_above_px": self.ignore_above_px,
            "sequences": {row.name: row.as_dict() for row in self.sequences},
            "total": self.total.as_dict(),
        }


def evaluate_tracking(
    pairs: Sequence[Tracked], ignore_above_px: float | None = None
) -> TrackingReport:
    """Score every sequence; `metrics.overlaps.find_overlaps` says what is ignored.

    The total has a class if any sequence has it.

    Raises:
        DatasetError: a track has two boxes on one frame.
    """
    rows = tuple(_score(pair, ignore_above_px) for pair in pairs)
    names = dict.fromkeys(name for row in rows for name in row.by_class)
    by_class = {n: total([r.by_class[n] for r in rows if n in r.by_class]) for n in names}
    whole = SequenceScores("total", total([row.scores for row in rows]), by_class)
    return TrackingReport(rows, whole, ignore_above_px)


def _score(pair: Tracked, ignore_above_px: float | None) -> SequenceScores:
    try:
        by_class = {
            name: score_class(
                pair.truth,
                pair.result,
                pair.truth_classes.members(name),
                () if pair.result_classes is None else pair.result_classes.members(name),
                ignore_above_px,
            )
            for name in classes_to_score(pair)
        }
        scores = score_tracks(pair.truth, pair.result, ignore_above_px)
    except DatasetError as error:
        raise DatasetError(f"{pair.name}: {error}") from None
    return SequenceScores(pair.name, scores, by_class)


def classes_to_score(pair: Tracked) -> list[str]:
    """The classes of the truth and those that both know; none where the result says no classes.

    A class of the truth is left out where the result only knows a super-class of it ("vehicle" for
    cars); then the super-class is scored. None where the two have no class in common.
    """
    if pair.result_classes is None:
        return []
    used = np.unique(pair.truth.class_id[pair.truth.scored])
    true = [pair.truth_classes.names[i] for i in used if i >= 0]
    coarse = [n for n in pair.result_classes if n not in true and pair.truth_classes.members(n)]
    covered = {
        name
        for wide in coarse
        for name in pair.truth_classes.super_classes.get(wide, ())
        if name not in pair.result_classes
    }
    names = [name for name in true if name not in covered] + coarse
    return names if any(pair.result_classes.members(name) for name in names) else []


# --- Files --------------------------------------------------------------------------------------


def read_pairs(
    truth: Path,
    tracks: Path,
    class_map: Mapping[str, str | None] | None = None,
    strict: bool = False,
) -> list[Tracked]:
    """Find and read the result of every true sequence.

    Args:
        truth: a folder of sequences, the folder of one, or its file (gt.txt).
        tracks: a result file (MOT, or tracks.csv), or a folder with NAME/tracks.csv, NAME.csv,
            NAME/tracks.mot.txt or NAME.txt for every sequence.
        class_map: new names of classes, in the truth and in the result; None drops.
        strict: odd lines in the truth are errors.

    Raises:
        DatasetError: the truth or a result is missing or cannot be read, or two sequences have
            one name.
        ConfigError: the map names a class that neither truth nor result has.
    """
    sequences = open_sequences(truth, strict=strict)
    check_names(sequences)
    files = _result_files([sequence.name for sequence in sequences], tracks)
    results = [read_result(file) for file in files]
    lists = [sequence.classes for sequence in sequences]
    check_class_map(class_map or {}, lists + [c for _, c in results if c is not None])
    return [
        pair(sequence, *result, class_map or {})
        for sequence, result in zip(sequences, results, strict=True)
    ]


def pair(
    truth: TruthSequence,
    result: TrackRows,
    result_classes: ClassList | None,
    class_map: Mapping[str, str | None],
) -> Tracked:
    """A sequence and its result, with the classes of both renamed by as much as they know of a map.

    `maps.check_class_map` finds words that nobody knows.
    """
    if result_classes is not None:
        tracks = replace(truth, rows=result, classes=result_classes)
        tracks = map_known(tracks, class_map)
        result, result_classes = tracks.rows, tracks.classes
    truth = map_known(truth, class_map)
    return Tracked(truth.name, truth.rows, truth.classes, result, result_classes, truth.problems)


def _result_files(names: list[str], tracks: Path) -> list[Path]:
    if tracks.is_file():
        if len(names) > 1:
            raise DatasetError(
                f"{tracks} is one result, but the truth has {len(names)} sequences "
                f"({', '.join(names)}): give a folder with a result for each"
            )
        return [tracks]
    if not tracks.is_dir():
        raise DatasetError(f"{tracks}: no such file or folder")
    return [_result_file(name, tracks, only=len(names) == 1) for name in names]


def _result_file(name: str, folder: Path, only: bool) -> Path:
    patterns = _OF_SEQUENCE + (_OF_ONLY_SEQUENCE if only else ())
    wanted = [pattern.format(name=name) for pattern in patterns]
    found = next((folder / file for file in wanted if (folder / file).is_file()), None)
    if found is None:
        raise DatasetError(
            f"{folder}: no result for sequence {name}; looked for {', '.join(wanted)}"
        )
    return found


def read_result(path: Path) -> tuple[TrackRows, ClassList | None]:
    """A result file by its suffix: .csv is a tracks.csv, all else MOT, which says no classes."""
    if path.suffix.lower() == ".csv":
        return read_tracks_csv(path)
    return read_mot(path), None
