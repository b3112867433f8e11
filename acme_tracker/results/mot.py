"""tracks.mot.txt: what MOTChallenge's evaluation and most other tools read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acme_tracker.boxes import to_ltwh
from acme_tracker.datatypes import FrameResult, TrackRows
from acme_tracker.results.lines import LineSink
from acme_tracker.results.rows import RowReader


class MotText(LineSink):
    """Writes `frame,id,left,top,width,height,conf,-1,-1,-1`, a line a confirmed track a frame.

    Frames and ids count from 1, pixels from 0; conf is the detector's score.
    """

    def _lines(self, result: FrameResult) -> Iterator[str]:
        tracks = result.tracks.confirmed
        for track_id, (left, top, width, height), score in zip(
            tracks.track_id.tolist(),
            to_ltwh(tracks.xyxy).tolist(),
            tracks.score.tolist(),
            strict=True,
        ):
            yield (
                f"{result.frame.index + 1},{track_id},{left:z.2f},{top:z.2f},{width:z.2f},"
                f"{height:z.2f},{score:.4f},-1,-1,-1"
            )


def read_mot(path: Path) -> TrackRows:
    """The rows of a MOT result file: 6 columns or more, between commas or blanks.

    A missing or negative conf reads as 1: such tools give no score. There are no classes (-1).

    Raises:
        DatasetError: for a line that is no such row, with its number.
    """
    rows = RowReader(path)
    with rows.opened() as text:
        for rows.line, line in enumerate(text, 1):
            fields = line.replace(",", " ").split()
            if not fields:
                continue
            if len(fields) < 6:
                raise rows.error("frame,id,left,top,width,height[,conf,...]", repr(line.strip()))
            names = ("left", "top", "width", "height")
            score = rows.number(fields[6], "conf") if len(fields) > 6 else 1.0
            rows.add(
                frame_index=rows.whole(fields[0], "frame", least=1) - 1,
                track_id=rows.whole(fields[1], "id"),
                ltwh=[rows.number(*pair) for pair in zip(fields[2:6], names, strict=True)],
                score=score if score >= 0 else 1.0,
                class_id=-1,
            )
    return rows.rows()
