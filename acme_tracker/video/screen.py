"""The desktop, or a part of it, through mss."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.video.base import BaseSource
from acme_tracker.video.start_time import as_utc

_WORD = re.compile(r"screen:(?:(-?\d+),(-?\d+),([1-9]\d*),([1-9]\d*))?")
Grabber = Callable[[], Any]


def is_screen(word: str) -> bool:
    return word.startswith("screen:")


def open_grabber() -> Any:
    """A session of mss, a context manager."""
    import mss

    return mss.MSS()


class ScreenSource(BaseSource):
    """`screen:` (first monitor) or `screen:X,Y,WIDTH,HEIGHT`, `image_rate` times a second at most.

    Args:
        open_grabber: makes a session of mss.
        clock: seconds that never go back.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        word: str,
        settings: SourceSettings,
        open_grabber: Grabber = open_grabber,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(word, settings)
        self._open_grabber = open_grabber
        self._clock = clock
        self._sleep = sleep
        self._region: dict[str, int] = {}

    def _open(self) -> SourceInfo:
        found = _WORD.fullmatch(self.word)
        if found is None:
            raise SourceError(f"a screen is screen: or screen:X,Y,WIDTH,HEIGHT, got {self.word!r}")
        try:
            with self._open_grabber() as grabber:
                names = ("left", "top", "width", "height")
                monitor = {name: int(grabber.monitors[1][name]) for name in names}
                wanted = [int(number) for number in found.groups() if number is not None]
                self._region = dict(zip(names, wanted, strict=True)) if wanted else monitor
                shape = np.asarray(grabber.grab(self._region)).shape
        except Exception as error:  # mss raises its own kind, X11's, and IndexError without monitor
            raise SourceError(
                f"cannot read the screen: {type(error).__name__}; is there a display (DISPLAY)?"
            ) from None
        given = self.settings.start_time
        return SourceInfo(
            source_id=self.word,
            name="screen" + "".join(f"_{number}" for number in wanted),
            size=(shape[1], shape[0]),
            frame_rate=self.settings.image_rate,
            started_at=as_utc(given) if given else datetime.now(UTC),
            live=True,
        )

    def _frames(self) -> Iterator[Frame]:
        step_s = 1 / self.settings.image_rate
        # A session of its own: some systems tie one to the thread that made it.
        with self._open_grabber() as grabber:
            start, index = self._clock(), 0
            while True:
                shot = np.asarray(grabber.grab(self._region))  # (H, W, 4) BGRA
                image = np.ascontiguousarray(shot[:, :, :3], np.uint8)
                time_s = self._clock() - start if index else 0.0
                yield Frame.of_image(image, index, time_s, self.info.source_id)
                index += 1
                self._sleep(max(0.0, start + index * step_s - self._clock()))

    def _close(self) -> None:
        self._region = {}
