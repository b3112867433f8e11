"""Reading result files row by row, with errors that name the file and the line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np

from acme_tracker.boxes import from_ltwh
from acme_tracker.datatypes import TrackRows
from acme_tracker.errors import DatasetError


class RowReader:
    """Collects the rows of one file; `line` is where it reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self._values: list[tuple[float, ...]] = []

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """The file as text."""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as text:
                yield text
        except OSError as error:
            raise DatasetError(f"cannot read {self.path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise DatasetError(f"{self.path} is not a text file") from None

    def error(self, wanted: str, got: str) -> DatasetError:
        return DatasetError(f"{self.path}:{self.line}: wanted {wanted}, got {got}")

    def number(self, text: str, name: str) -> float:
        """A finite number."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"a number as {name}", repr(text))
        return value

    def whole(self, text: str, name: str, least: int | None = None) -> int:
        """A whole number, also when it is written as 3.0."""
        value = self.number(text, name)
        if value != int(value) or (least is not None and value < least):
            bound = "" if least is None else f" from {least}"
            raise self.error(f"a whole number{bound} as {name}", repr(text))
        return int(value)

    def add(
        self, frame_index: int, track_id: int, ltwh: Sequence[float], score: float, class_id: int
    ) -> None:
        if ltwh[2] < 0 or ltwh[3] < 0:
            raise self.error("a width and height of at least 0", f"{ltwh[2]:g} and {ltwh[3]:g}")
        self._values.append((frame_index, track_id, *ltwh, score, class_id))

    def rows(self) -> TrackRows:
        """What was added, in the file's order."""
        table = np.array(self._values, np.float64).reshape(-1, 8)
        return TrackRows(
            frame_index=table[:, 0].astype(np.int64),
            track_id=table[:, 1].astype(np.int64),
            xyxy=from_ltwh(table[:, 2:6].astype(np.float32)),
            score=table[:, 6].astype(np.float32),
            class_id=table[:, 7].astype(np.int64),
            scored=np.ones(len(table), np.bool_),
            visibility=np.ones(len(table), np.float32),
        )
