"""The frames of labelled sequences, and their truth frame by frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Several

import numpy as np

from acme_tracker.config import SourceSettings
from acme_tracker.datasets import Sequence
from acme_tracker.datasets.frames import first_number
from acme_tracker.datatypes import TrackRows
from acme_tracker.errors import DatasetError
from acme_tracker.frames import Frame
from acme_tracker.interfaces import FrameSource
from acme_tracker.metrics.overlaps import refuse_twins
from acme_tracker.video.images import ImageSource
from acme_tracker.video.sources import open_source

_BATCH_FRAMES = 32
_BATCH_BYTES = 256_000_000


def check_names(sequences: Several[Sequence]) -> None:
    """DatasetError where two sequences have one name: their rows could not be told apart."""
    names = [sequence.name for sequence in sequences]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DatasetError(f"two sequences are called {twice}: rename the folder of one")


def open_frames(sequence: Sequence, settings: SourceSettings) -> FrameSource:
    """The video or pictures of a sequence, at its own frame rate where the label file says one.

    Raises:
        DatasetError: there are none, or a true track has two boxes on a frame.
    """
    if sequence.path is None:
        raise DatasetError(f"{sequence.name}: has labels, but neither a video nor pictures")
    try:
        refuse_twins("the truth", sequence.rows[sequence.rows.scored])
    except DatasetError as error:
        raise DatasetError(f"{sequence.name}: {error}") from None
    if sequence.frame_rate is not None:
        settings = settings.model_copy(update={"image_rate": sequence.frame_rate})
    if sequence.path.is_dir():
        return ImageSource(str(sequence.path), settings, first_number(sequence.format))
    return open_source(str(sequence.path), settings)


def batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """Frames in groups, decoded and converted: what is measured on them is free of that work.

    Whoever compares several ways gives each a whole group at a time: the load of the machine falls
    on all alike, and threads that a library leaves spinning for a moment spoil one frame in 32.
    """
    batch: list[Frame] = []
    size = 0
    for frame in frames:
        batch.append(frame)
        size += frame.image.nbytes + frame.luma.nbytes
        if len(batch) == _BATCH_FRAMES or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class RowsByFrame:
    """Rows of a table by the frame that they are on."""

    def __init__(self, rows: TrackRows) -> None:
        self._rows = rows[np.argsort(rows.frame_index, kind="stable")]

    def __getitem__(self, frame_index: int) -> TrackRows:
        start, stop = np.searchsorted(self._rows.frame_index, [frame_index, frame_index + 1])
        return self._rows[slice(start, stop)]
