"""Truth to score against and results that are wrong in known ways, the same on every machine.

Only NumPy and `acme_tracker.datatypes` are needed, so that the recorder of TrackEval's figures
(`record_trackeval.py`) makes the very same rows in an environment of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acme_tracker.datatypes import TrackRows

SHARED_TRACKING = Path(__file__).parents[3] / "shared" / "data" / "tracking"
SHARED_IGNORE_ABOVE_PX = 300.0
FIGURES = Path(__file__).parent / "fixtures" / "trackeval.json"
CLASSES = (1, 2, 3)

Random = np.random.Generator
Recipe = Callable[[TrackRows, Random], TrackRows]


def rows(
    frame_index: ArrayLike,
    track_id: ArrayLike,
    xyxy: ArrayLike,
    scored: ArrayLike = True,
    class_id: ArrayLike = 1,
) -> TrackRows:
    """Track rows; one value of `scored` or `class_id` stands for every row."""
    frames = np.asarray(frame_index, np.int64)
    return TrackRows(
        frame_index=frames,
        track_id=np.asarray(track_id),
        xyxy=np.asarray(xyxy, np.float32).reshape(-1, 4),
        class_id=np.broadcast_to(class_id, frames.shape),
        score=np.ones(len(frames), np.float32),
        scored=np.broadcast_to(scored, frames.shape),
        visibility=np.ones(len(frames), np.float32),
    )


EMPTY = rows([], [], [])


def crossing_traffic(seed: int = 0, tracks: int = 24, frames: int = 120) -> TrackRows:
    """Objects of three classes on straight ways that cross; one in six is to be ignored."""
    random = np.random.default_rng(seed)
    parts = []
    for track in range(tracks):
        first = int(random.integers(0, frames - 30))
        life = np.arange(first, min(frames, first + int(random.integers(20, 90))))
        start, speed = random.uniform(0, 500, 2), random.uniform(-4, 4, 2)
        size = random.uniform(20, 90, 2)
        left_top = start + (life - first)[:, None] * speed
        xyxy = np.concatenate([left_top, left_top + size], axis=1)
        ids = np.full(len(life), track + 1)
        parts.append(rows(life, ids, xyxy, track % 6 != 5, CLASSES[track % 3]))
    return TrackRows.concatenate(parts)


def read_shared_truth(sequence: str) -> TrackRows:
    """The truth of a sequence in ../shared/data/tracking."""
    table = np.loadtxt(SHARED_TRACKING / sequence / "gt" / "gt.txt", delimiter=",", ndmin=2)
    xyxy = np.concatenate([table[:, 2:4], table[:, 2:4] + table[:, 4:6]], axis=1)
    return rows(table[:, 0] - 1, table[:, 1], xyxy, table[:, 6] == 1, table[:, 7])


# --- Results ------------------------------------------------------------------------------------


def with_columns(
    table: TrackRows, track_id: ArrayLike | None = None, xyxy: ArrayLike | None = None
) -> TrackRows:
    return rows(
        table.frame_index,
        table.track_id if track_id is None else track_id,
        table.xyxy if xyxy is None else xyxy,
        class_id=table.class_id,
    )


def perfect(truth: TrackRows, random: Random) -> TrackRows:
    return with_columns(truth[truth.scored])


def jittered(truth: TrackRows, random: Random) -> TrackRows:
    found = perfect(truth, random)
    size = np.tile(found.xyxy[:, 2:] - found.xyxy[:, :2], 2)
    noise = random.normal(0, 0.12, found.xyxy.shape)
    return with_columns(found, xyxy=found.xyxy + size * noise)


def dropped(truth: TrackRows, random: Random) -> TrackRows:
    found = jittered(truth, random)
    return found[random.random(len(found)) > 0.3]


def fragmented(truth: TrackRows, random: Random) -> TrackRows:
    """A new id every 15 frames, the first 3 of which are lost."""
    found = jittered(truth, random)
    piece, phase = np.divmod(found.frame_index, 15)
    return with_columns(found, track_id=found.track_id * 1000 + piece)[phase >= 3]


def swapped(truth: TrackRows, random: Random) -> TrackRows:
    """Neighbouring ids change places for 20 of every 40 frames."""
    found = jittered(truth, random)
    swap = (found.frame_index // 20) % 2 == 1
    return with_columns(found, track_id=np.where(swap, found.track_id ^ 1, found.track_id))


def merged(truth: TrackRows, random: Random) -> TrackRows:
    """Three truth tracks share an id, the first of them on each frame."""
    found = perfect(truth, random)
    found = with_columns(found, track_id=found.track_id // 3)
    keys = np.stack([found.frame_index, found.track_id], axis=1)
    return found[np.sort(np.unique(keys, axis=0, return_index=True)[1])]


def cluttered(truth: TrackRows, random: Random) -> TrackRows:
    """False tracks, most of them near real ones, also while there is no truth."""
    found = jittered(truth, random)
    ghosts = found[random.random(len(found)) < 0.4]
    moved = ghosts.xyxy + np.tile(random.normal(0, 25, (len(ghosts), 2)), 2)
    ghosts = with_columns(ghosts, track_id=ghosts.track_id + 5000, xyxy=moved)
    late = np.arange(5) + found.frame_index.max() + 1
    return TrackRows.concatenate([ghosts, found, rows(late, late, [[0, 400, 50, 450]] * 5)])


def doubled(truth: TrackRows, random: Random) -> TrackRows:
    """Every object under two ids."""
    one, two = jittered(truth, random), jittered(truth, random)
    return TrackRows.concatenate([one, with_columns(two, track_id=two.track_id + 20_000)])


def ignored_too(truth: TrackRows, random: Random) -> TrackRows:
    """The ignore boxes are found as well."""
    return jittered(rows(truth.frame_index, truth.track_id, truth.xyxy), random)


def only_ignored(truth: TrackRows, random: Random) -> TrackRows:
    return with_columns(truth[~truth.scored])


def beside(truth: TrackRows, random: Random) -> TrackRows:
    return with_columns(perfect(truth, random), xyxy=truth.xyxy[truth.scored] + np.float32(5000))


def empty(truth: TrackRows, random: Random) -> TrackRows:
    return EMPTY


def messy(truth: TrackRows, random: Random) -> TrackRows:
    """All of it, in no order."""
    found = TrackRows.concatenate([doubled(truth, random), ignored_too(truth, random)])
    keys = np.stack([found.frame_index, found.track_id], axis=1)
    found = found[np.unique(keys, axis=0, return_index=True)[1]]
    found = cluttered(found, random)
    found = found[random.random(len(found)) > 0.25]
    turn = (found.frame_index // 25) % 2 * (found.track_id % 3 == 0)
    return with_columns(found, track_id=found.track_id * 2 + turn)[random.permutation(len(found))]


RECIPES: dict[str, Recipe] = {
    recipe.__name__: recipe
    for recipe in (
        perfect,
        jittered,
        dropped,
        fragmented,
        swapped,
        merged,
        cluttered,
        doubled,
        ignored_too,
        only_ignored,
        beside,
        empty,
        messy,
    )
}


def make(recipe: str, truth: TrackRows, seed: int = 0) -> TrackRows:
    """A result of a recipe; the same seed gives the same rows."""
    return RECIPES[recipe](truth, np.random.default_rng(seed))


def mot_lines(table: TrackRows) -> NDArray[np.float64]:
    """(N, 10) rows of a MOT file: frame from 1, id, ltwh, flag or score, class, visibility, -1."""
    xyxy = table.xyxy.astype(np.float64)
    columns = (
        table.frame_index + 1,
        table.track_id,
        *xyxy[:, :2].T,
        *(xyxy[:, 2:] - xyxy[:, :2]).T,
    )
    rest = (table.scored, table.class_id, table.visibility, np.full(len(table), -1))
    return np.stack([*columns, *rest], axis=1).astype(np.float64)
