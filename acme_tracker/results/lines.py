"""Text files that grow line by line and stay readable whatever stops the run."""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from acme_tracker.datatypes import FrameResult, TrackEvent
from acme_tracker.errors import OutputError
from acme_tracker.frames import SourceInfo


class LineSink(ABC):
    """A FrameSink that writes lines; what they are, `_header`, `_lines` and `_last_lines` say.

    Each frame's lines go to the system in one unbuffered write (some microseconds): a killed run
    leaves whole lines, up to its last frame.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: io.FileIO | None = None
        self._length = 0  # bytes of whole lines

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb", buffering=0)
        except OSError as error:
            raise _cannot_write(self.path, error) from None
        self._length = 0
        try:
            self._put(self._header())
        except OutputError:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, result: FrameResult) -> None:
        self._put(self._lines(result))

    def end(self, events: Sequence[TrackEvent]) -> None:
        self._put(self._last_lines(events))

    def _header(self) -> Iterable[str]:
        return ()

    @abstractmethod
    def _lines(self, result: FrameResult) -> Iterable[str]: ...

    def _last_lines(self, events: Sequence[TrackEvent]) -> Iterable[str]:  # noqa: ARG002
        return ()

    def _put(self, lines: Iterable[str]) -> None:
        if self._file is None:
            raise RuntimeError(f"{type(self).__name__} is not open: use it in a `with` statement")
        rest = memoryview("".join(f"{line}\n" for line in lines).encode())
        total = len(rest)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            with suppress(OSError):  # a full disk may have taken half a line
                self._file.truncate(self._length)
            raise _cannot_write(self.path, error) from None
        self._length += total


def write_whole(path: Path, text: str) -> None:
    """Write a file so that its readers see the old text or the new, never a part."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise _cannot_write(path, error) from None


def csv_line(values: Iterable[object]) -> str:
    """One line of a CSV file, quoted where that is needed."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def clock_text(info: SourceInfo, time_s: float) -> str:
    """ISO 8601 in UTC with milliseconds (`2024-05-01T08:30:00.040Z`), "" where it is not known."""
    moment = info.clock_time(round(time_s, 3))
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"cannot write {path}: {reason}; free space or choose another folder (-o)")
