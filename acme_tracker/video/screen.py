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
from acme_tracker.frames import Frame, Image, SourceInfo
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
        start = due = 0.0
        for index, image in enumerate(self._grabbed()):
            now = self._clock()
            if not index:
                start = due = now
            yield Frame.of_image(image, index, now - start, self.info.source_id)
            now = self._clock()
            due = max(due + step_s, now)  # what a stall has cost is not made up for in a burst
            self._sleep(due - now)

    def _grabbed(self) -> Iterator[Image]:
        """Pictures (H, W, 3) BGR, each taken when it is asked for, until the screen is gone."""
        count = 0
        try:
            # A session of its own: some systems tie one to the thread that made it.
            with self._open_grabber() as grabber:
                while True:
                    shot = np.asarray(grabber.grab(self._region))  # (H, W, 4) BGRA
                    count += 1
                    yield np.ascontiguousarray(shot[:, :, :3], np.uint8)
        except Exception as error:  # of any kind, as when it is opened
            raise SourceError(
                f"{self.info.source_id} stopped after {count} frames: {type(error).__name__}; "
                "did its session end, or its resolution change?"
            ) from None

    def _close(self) -> None:
        self._region = {}
