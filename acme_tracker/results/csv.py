"""tracks.csv: a row a confirmed track a frame, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from acme_tracker.boxes import to_ltwh
from acme_tracker.datatypes import ClassList, FrameResult, TrackRows
from acme_tracker.errors import DatasetError
from acme_tracker.frames import SourceInfo
from acme_tracker.results.lines import LineSink, clock_text, csv_line
from acme_tracker.results.rows import RowReader

COLUMNS = (
    "source",
    "frame_index",
    "time_s",
    "clock_time",
    "track_id",
    "class",
    "left_px",
    "top_px",
    "width_px",
    "height_px",
    "score",
    "confidence",
    "quality",
    "observed",
)


class TracksCsv(LineSink):
    """Writes `COLUMNS`. `frame_index` counts from 0, `observed` is 1 or 0, unknown is empty.

    Times have 3 decimals, pixels and quality 2, scores and confidences 4.
    """

    def __init__(self, path: Path, info: SourceInfo, classes: ClassList) -> None:
        super().__init__(path)
        self._info = info
        self._source = csv_line([info.source_id])
        self._names = [csv_line([name]) for name in classes]

    def _header(self) -> Iterator[str]:
        yield ",".join(COLUMNS)

    def _lines(self, result: FrameResult) -> Iterator[str]:
        tracks, frame = result.tracks.confirmed, result.frame
        moment = f"{frame.index},{frame.time_s:.3f},{clock_text(self._info, frame.time_s)}"
        for track_id, class_id, box, score, confidence, quality, observed in zip(
            tracks.track_id.tolist(),
            tracks.class_id.tolist(),
            to_ltwh(tracks.xyxy).tolist(),
            tracks.score.tolist(),
            tracks.confidence.tolist(),
            tracks.quality.tolist(),
            tracks.observed.tolist(),
            strict=True,
        ):
            pixels = ",".join(f"{value:z.2f}" for value in box)
            yield (
                f"{self._source},{moment},{track_id},{self._names[class_id]},{pixels},"
                f"{_known(score, 4)},{_known(confidence, 4)},{_known(quality, 2)},{observed:d}"
            )


def read_tracks_csv(path: Path) -> tuple[TrackRows, ClassList]:
    """The rows of a tracks.csv, and its classes in the order in which they come.

    Columns are found by name, in any order; more of them do no harm.

    Raises:
        DatasetError: for a file that is not such a table, with the line.
    """
    rows = RowReader(path)
    names: dict[str, int] = {}
    with rows.opened() as text:
        table = csv.reader(text)
        places = _places(path, next(table, []))
        for fields in table:
            if not fields:
                continue
            rows.line = table.line_num
            if len(fields) <= max(places.values()):
                raise rows.error(f"{max(places.values()) + 1} columns", f"{len(fields)}")
            named = {name: fields[place] for name, place in places.items()}
            rows.add(
                frame_index=rows.whole(named["frame_index"], "frame_index", least=0),
                track_id=rows.whole(named["track_id"], "track_id"),
                ltwh=[rows.number(named[name], name) for name in COLUMNS[6:10]],
                score=rows.number(named["score"], "score"),
                class_id=names.setdefault(named["class"], len(names)),
            )
    return rows.rows(), ClassList(tuple(names))


def _places(path: Path, header: list[str]) -> dict[str, int]:
    """Where the columns that make a row stand."""
    wanted = ("frame_index", "track_id", "class", *COLUMNS[6:11])
    missing = [name for name in wanted if name not in header]
    if missing:
        raise DatasetError(f"{path}:1: no column {', '.join(missing)}: is it a tracks.csv?")
    return {name: header.index(name) for name in wanted}


def _known(value: float, decimals: int) -> str:
    return "" if math.isnan(value) else f"{value:z.{decimals}f}"
