"""The live line of a running source."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from acme_tracker.cli.console import errors
from acme_tracker.datatypes import FrameResult, SourceInfo, TrackEvent


class ProgressLine:
    """A FrameSink that shows frame, speed, time left, tracks, and why the detector last looked.

    On standard error, and only on a terminal: logs stay clean.
    """

    def __init__(self, info: SourceInfo) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[tracks]} tracks"),
            TextColumn("{task.fields[look]}", style="cyan"),
            console=errors,
            disable=not errors.is_terminal,
            refresh_per_second=4,
        )
        total = info.frame_count
        self._task = self._progress.add_task(info.name, total=total, speed="", tracks=0, look="")
        self._look = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def write(self, result: FrameResult) -> None:
        if result.look is not None:
            self._look = f"looked: {result.look.reason}"
        speed = self._progress.tasks[0].speed
        self._progress.update(
            self._task,
            advance=1,
            speed=f"{speed:.1f} fps" if speed else "",
            tracks=len(result.tracks.confirmed),
            look=self._look,
        )

    def end(self, events: Sequence[TrackEvent]) -> None:
        """Nothing more to show."""
