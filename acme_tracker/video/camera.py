"""Cameras of this machine, through OpenCV."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Protocol

import numpy as np

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.frames import Frame, Image, SourceInfo
from acme_tracker.video.base import BaseSource
from acme_tracker.video.start_time import as_utc

_SILENCE = Lock()  # the level of OpenCV's log is one for all threads
_WORD = re.compile(r"(?:camera:|/dev/video)?(\d+)")
_FPS = 5  # cv2.CAP_PROP_FPS
_LAST_INDEX = 99  # OpenCV takes hundreds for kinds of cameras
_BELIEVABLE_RATES = (0.1, 300.0)


class Capture(Protocol):
    """What is used of cv2.VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: N802

    def read(self) -> tuple[bool, Any]: ...

    def get(self, prop: int, /) -> float: ...

    def release(self) -> None: ...


def camera_index(word: str) -> int | None:
    """2 of `camera:2`, `2` and `/dev/video2`; None for other words."""
    found = _WORD.fullmatch(word)
    return int(found[1]) if found else None


def open_capture(index: int) -> Capture:
    """OpenCV's capture of a camera, without its complaints on stderr."""
    import cv2

    logging = cv2.utils.logging
    with _SILENCE:
        level = logging.getLogLevel()
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)
        try:
            return cv2.VideoCapture(index)
        finally:
            logging.setLogLevel(level)


class CameraSource(BaseSource):
    """A camera by its number. Frames carry the time at which they were read.

    Args:
        open_capture: makes the capture of a camera's number.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        word: str,
        settings: SourceSettings,
        open_capture: Callable[[int], Capture] = open_capture,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(word, settings)
        self._open_capture = open_capture
        self._clock = clock
        self._capture: Capture | None = None
        self._first: Image | None = None

    def _open(self) -> SourceInfo:
        index = camera_index(self.word)
        if index is None:
            raise SourceError(f"a camera is named camera:N (camera:0), got {self.word!r}")
        if index > _LAST_INDEX:
            raise SourceError(f"camera {index}: cameras are numbered from 0 to {_LAST_INDEX}")
        self._capture = self._open_capture(index)
        self._first = self._read() if self._capture.isOpened() else None
        if self._first is None:
            raise SourceError(
                f"camera {index} gives no picture: is it connected, and free of other programs?"
            )
        rate = self._capture.get(_FPS)
        given = self.settings.start_time
        return SourceInfo(
            source_id=f"camera:{index}",
            name=f"camera_{index}",
            size=(self._first.shape[1], self._first.shape[0]),
            frame_rate=rate if _BELIEVABLE_RATES[0] <= rate <= _BELIEVABLE_RATES[1] else None,
            started_at=as_utc(given) if given else datetime.now(UTC),
            live=True,
        )

    def _frames(self) -> Iterator[Frame]:
        image, self._first = self._first, None
        start, index, last_s = self._clock(), 0, 0.0
        while image is not None:
            yield Frame.of_image(image, index, last_s, self.info.source_id)
            image = self._read()
            index += 1
            last_s = max(last_s, self._clock() - start)
        raise SourceError(f"{self.info.source_id} stopped after {index} frames: was it unplugged?")

    def _read(self) -> Image | None:
        if self._capture is None:
            return None
        ok, image = self._capture.read()
        return np.asarray(image, np.uint8) if ok and image is not None else None

    def _close(self) -> None:
        self._first = None
        if self._capture is not None:
            self._capture.release()
            self._capture = None
