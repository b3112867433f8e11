"""What all sources share: opening and closing, the part of the video to look at, warnings."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.frames import Frame, SourceInfo


class SourceWarning(UserWarning):
    """Something is odd about a source, which goes on nevertheless. Said once a source and kind."""


class BaseSource(ABC):
    """A FrameSource made of a word and settings: plain values, which pickle until it is open.

    Subclasses open, give frames and close; `start_s` and `duration_s` are kept here. `index` and
    `time_s` count from the source's own beginning, wherever it is entered.

    Attributes:
        warned: what was odd since it was entered.
    """

    def __init__(self, word: str, settings: SourceSettings) -> None:
        self.word = word
        self.settings = settings
        self._info: SourceInfo | None = None
        self.warned: list[str] = []
        self._kinds_warned: set[str] = set()

    @property
    def info(self) -> SourceInfo:
        if self._info is None:
            raise RuntimeError("a source knows what it is once it is open: use `with source:`")
        return self._info

    def __enter__(self) -> Self:
        self.warned.clear()
        self._kinds_warned.clear()
        try:
            self._info = self._open()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._info = None
        self._close()

    def __iter__(self) -> Iterator[Frame]:
        start_s, duration_s = self.settings.start_s, self.settings.duration_s
        end_s = math.inf if duration_s is None else start_s + duration_s
        last_s, given = 0.0, False
        for frame in self._frames():
            last_s = frame.time_s
            if last_s >= end_s:
                break
            if last_s >= start_s:
                given = True
                yield frame
        if last_s >= end_s and not given:
            raise SourceError(
                f"{self.info.source_id} has no frame between {start_s:g} and {end_s:g} s, the next "
                f"is at {last_s:.2f} s; give a longer duration"
            )
        if last_s < start_s:
            raise SourceError(
                f"{self.info.source_id} ends before {start_s:g} s: no frame is left; start earlier"
            )

    @abstractmethod
    def _open(self) -> SourceInfo: ...

    @abstractmethod
    def _frames(self) -> Iterator[Frame]:
        """The frames from the beginning, or from any place before `start_s`."""

    @abstractmethod
    def _close(self) -> None:
        """Let go of everything; also called after `_open` failed half-way, and twice."""

    def _expected(self, count: int | None, rate: float | None) -> int | None:
        """How many of a source's `count` frames lie between `start_s` and its end."""
        if count is None or rate is None:
            return count
        start_s, duration_s = self.settings.start_s, self.settings.duration_s
        first = math.ceil(start_s * rate)
        end = count if duration_s is None else min(count, math.ceil((start_s + duration_s) * rate))
        return max(0, end - first)

    def _warn(self, kind: str, message: str) -> None:
        """One warning of each kind a source."""
        if kind not in self._kinds_warned:
            self._kinds_warned.add(kind)
            self.warned.append(message)
            warnings.warn(message, SourceWarning, stacklevel=2)
