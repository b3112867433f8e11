"""The live lines of the running sources."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from acme_tracker.cli.console import errors
from acme_tracker.datatypes import ClassList, FrameResult, TrackEvent
from acme_tracker.frames import SourceInfo


class ProgressLines:
    """A line each for the sources that run now; the last one's stays when it is done.

    On standard error, and only on a terminal: logs stay clean.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._running = 0
        self._progress = _columns()

    def line(self, info: SourceInfo, _: ClassList) -> ProgressLine:
        """A sink that shows how a source goes on."""
        return ProgressLine(self, info)

    def begin(self, info: SourceInfo) -> tuple[Progress, TaskID]:
        """Show a line for one more source."""
        with self._lock:
            if not self._running:
                self._progress = _columns()
                self._progress.start()
            self._running += 1
            total = info.frame_count
            task = self._progress.add_task(info.name, total=total, speed="", tracks=0, look="")
            return self._progress, task

    def end(self, task: TaskID) -> None:
        """The line's source is done."""
        with self._lock:
            self._running -= 1
            if self._running:
                self._progress.remove_task(task)
            else:
                self._progress.stop()


class ProgressLine:
    """A FrameSink that shows frame, speed, time left, tracks, and why the detector last looked."""

    def __init__(self, lines: ProgressLines, info: SourceInfo) -> None:
        self._lines, self._info = lines, info
        self._look = ""

    def __enter__(self) -> Self:
        self._progress, self._task = self._lines.begin(self._info)
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.end(self._task)

    def write(self, result: FrameResult) -> None:
        look = None if result.look is None else result.look.reason.value
        self.advance(1, len(result.tracks.confirmed), look)

    def advance(self, frames: int, tracks: int, look: str | None) -> None:
        """So many frames are done; `look`: why the detector looked, None if it did not."""
        if look is not None:
            self._look = f"looked: {look}"
        speed = next(task.speed for task in self._progress.tasks if task.id == self._task)
        self._progress.update(
            self._task,
            advance=frames,
            speed=f"{speed:.1f} fps" if speed else "",
            tracks=tracks,
            look=self._look,
        )

    def end(self, events: Sequence[TrackEvent]) -> None:
        """Nothing more to show."""


def _columns() -> Progress:
    return Progress(
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
