"""A window that shows results, where there is a display."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from acme_tracker.datatypes import FrameResult, TrackEvent
from acme_tracker.frames import Image
from acme_tracker.video.redaction import safe_name

_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"
_PROBE_TIMEOUT_S = 20
_POLL_MS = 50
_WIDEST_AT_FIRST_PX = 1280
_STALE_S = 0.2  # no picture is on show for longer, if there is a newer one
_MOST_STRETCHED = 4  # no camera's pixels are longer than three times their width
_QT_LOG = "QT_LOGGING_RULES"


class StopRequested(Exception):  # noqa: N818 - a wish of the user's, no error
    """The user closed the window or pressed q: finish the files, then end."""


class DisplayWarning(UserWarning):
    """There is no display to show a window on; the run goes on without."""


class Screen(Protocol):
    """What is used of OpenCV's windows."""

    def show(self, title: str, image: Image) -> None: ...

    def key(self, wait_ms: int) -> str:
        """The key pressed within some milliseconds, "" for none."""
        ...

    def is_open(self, title: str) -> bool: ...

    def save(self, path: Path, image: Image) -> bool: ...

    def close(self, title: str) -> None: ...


class OpenCVScreen:
    """Windows of OpenCV's highgui."""

    def __init__(self) -> None:
        import cv2

        self._cv2: Any = cv2
        self._titles: set[str] = set()

    def show(self, title: str, image: Image) -> None:
        if title not in self._titles:
            self._titles.add(title)
            cv2 = self._cv2
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            height, width = image.shape[:2]
            scale = min(1.0, _WIDEST_AT_FIRST_PX / width)
            cv2.resizeWindow(title, round(width * scale), round(height * scale))
        self._cv2.imshow(title, image)

    def key(self, wait_ms: int) -> str:
        code = self._cv2.waitKey(wait_ms)
        return "" if code < 0 else chr(code & 0xFF)

    def is_open(self, title: str) -> bool:
        return bool(self._cv2.getWindowProperty(title, self._cv2.WND_PROP_VISIBLE) >= 1)

    def save(self, path: Path, image: Image) -> bool:
        return bool(self._cv2.imwrite(str(path), image))

    def close(self, title: str) -> None:
        self._titles.discard(title)
        self._cv2.destroyWindow(title)
        self._cv2.waitKey(1)


def open_screen() -> Screen | None:
    """OpenCV's windows; None where they do not work.

    They are tried in a process of their own: without a display that answers, Qt ends the process.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return None
    if _pyav_came_first(list(sys.modules)):  # windows would hang: see this package's __init__.py
        return None
    os.environ.setdefault(_QT_LOG, "*=false")  # Qt's remarks on fonts
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return OpenCVScreen() if probe.returncode == 0 else None


def _pyav_came_first(modules: list[str]) -> bool:
    """Whether `av` stands before `cv2` in the order of first imports."""
    return "av" in modules and "cv2" in modules and modules.index("av") < modules.index("cv2")


class WindowSink:
    """Shows each result: q (or closing the window) stops, space pauses, s saves what is shown.

    `write` raises StopRequested when the user wants to stop. Without a display there is one
    DisplayWarning, and nothing is drawn.

    Args:
        title: of the window.
        annotate: draws a result, on a copy of its picture.
        folder: where pictures are saved.
        pixel_aspect: width of a pixel over its height; None: square, as a window's are.
        open_screen: gives the display, or None.
        interrupted: asked while the picture is paused, which ends then.
        hurried: asked on each result whether there is more urgent work: then only those with a look
            are shown, and one of the others every _STALE_S; None: every result is shown.
    """

    def __init__(
        self,
        title: str,
        annotate: Callable[[FrameResult], Image],
        folder: Path = Path(),
        pixel_aspect: Fraction | None = None,
        open_screen: Callable[[], Screen | None] = open_screen,
        interrupted: Callable[[], bool] = lambda: False,
        hurried: Callable[[], bool] | None = None,
    ) -> None:
        self._title = title
        self._annotate = annotate
        self._folder = folder
        self._pixel_aspect = pixel_aspect
        self._open_screen = open_screen
        self._interrupted = interrupted
        self._hurried = hurried
        self._screen: Screen | None = None
        self._shown: tuple[Image, FrameResult] | None = None

    def __enter__(self) -> Self:
        self._screen = self._open_screen()
        if self._screen is None:
            warnings.warn(
                "no display to show the video on: going on without a window",
                DisplayWarning,
                stacklevel=2,
            )
        return self

    def __exit__(self, *_: object) -> None:
        screen, shows = self._screen, self._shown is not None
        if screen is not None and shows and screen.is_open(self._title):
            screen.close(self._title)
        self._screen = None

    def write(self, result: FrameResult) -> None:
        if self._screen is None:
            return
        if self._shown is None or not self._may_leave_out(result, self._shown[1]):
            image = _with_square_pixels(self._annotate(result), self._pixel_aspect)
            self._screen.show(self._title, image)
            self._shown = (image, result)
        paused = self._obey(self._screen.key(1), *self._shown) == " "
        while paused and not self._interrupted():
            paused = self._obey(self._screen.key(_POLL_MS), *self._shown) != " "

    def end(self, events: Sequence[TrackEvent]) -> None:
        """Nothing to draw: the last frame is on show."""

    def _may_leave_out(self, result: FrameResult, shown: FrameResult) -> bool:
        if self._hurried is None or result.look is not None:
            return False
        return result.frame.time_s - shown.frame.time_s < _STALE_S and self._hurried()

    def _obey(self, key: str, image: Image, result: FrameResult) -> str:
        """Do what a key asks for, and return it."""
        assert self._screen is not None
        if key == "q" or not self._screen.is_open(self._title):
            raise StopRequested
        if key == "s":
            self._save(self._screen, image, result)
        return key

    def _save(self, screen: Screen, image: Image, result: FrameResult) -> None:
        path = self._folder / f"{safe_name(self._title)}_{result.frame.index:06d}.png"
        if not screen.save(path, image):
            warnings.warn(f"cannot save the picture {path}", DisplayWarning, stacklevel=2)


def _with_square_pixels(image: Image, aspect: Fraction | None) -> Image:
    """A picture stretched along its pixels' shorter side, so that nothing of it is lost."""
    if aspect is None or not Fraction(1, _MOST_STRETCHED) <= aspect <= _MOST_STRETCHED:
        return image
    import cv2

    height, width = image.shape[:2]
    size = (round(width * max(aspect, 1)), round(height / min(aspect, 1)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
