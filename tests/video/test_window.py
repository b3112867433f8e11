"""The window and its keys; no display is needed for it."""

from __future__ import annotations

import sys
import warnings
from fractions import Fraction
from pathlib import Path

import pytest

from acme_tracker.datatypes import FrameResult, Look, LookReason, Tracks
from acme_tracker.frames import Frame, Image
from acme_tracker.video.window import (
    DisplayWarning,
    StopRequested,
    WindowSink,
    _pyav_came_first,
    open_screen,
)
from tests.video.clips import number_of, picture


class FakeScreen:
    """Presses the given keys, one a look, then none."""

    def __init__(self, keys: str = "", closes_after: int = 1000) -> None:
        self.shown: list[int] = []
        self.sizes: list[tuple[int, int]] = []  # (width, height)
        self.saved: list[str] = []
        self.closed = False
        self.can_save = True
        self.looks = 0
        self._keys, self._closes_after = keys, closes_after

    def show(self, title: str, image: Image) -> None:
        self.shown.append(number_of(image))
        self.sizes.append((image.shape[1], image.shape[0]))

    def key(self, wait_ms: int) -> str:
        self.looks += 1
        key, self._keys = self._keys[:1], self._keys[1:]
        return key.strip("-")

    def is_open(self, title: str) -> bool:
        return self.looks < self._closes_after

    def save(self, path: Path, image: Image) -> bool:
        self.saved.append(path.name)
        self.sizes.append((image.shape[1], image.shape[0]))
        return self.can_save

    def close(self, title: str) -> None:
        self.closed = True


def run(screen: FakeScreen | None, count: int = 3, aspect: Fraction | None = None) -> None:
    with WindowSink("cam 1", lambda r: r.frame.image, Path(), aspect, lambda: screen) as sink:
        for number in range(count):
            frame = Frame.of_image(picture(number), number, number / 25)
            sink.write(FrameResult(frame, Tracks.empty()))
        sink.end(())


def test_every_result_is_shown_and_the_window_closed() -> None:
    screen = FakeScreen()
    run(screen)
    assert screen.shown == [0, 1, 2]
    assert screen.closed


def test_what_is_urgent_goes_before_all_but_looks_and_some_pictures() -> None:
    screen = FakeScreen("--s")
    urgent = True
    sink = WindowSink(
        "cam", lambda r: r.frame.image, open_screen=lambda: screen, hurried=lambda: urgent
    )
    with sink:
        for number in range(20):
            urgent = number < 17
            frame = Frame.of_image(picture(number), number, number / 25)
            look = Look(LookReason.MAX_GAP) if number == 12 else None
            sink.write(FrameResult(frame, Tracks.empty(), look=look))
    assert screen.shown == [0, 5, 10, 12, 17, 18, 19]
    assert screen.looks == 20  # keys are heard all the time
    assert screen.saved == ["cam_000000.png"]  # what is on show


def test_q_stops_the_run() -> None:
    screen = FakeScreen("-q")
    with pytest.raises(StopRequested):
        run(screen)
    assert screen.shown == [0, 1]
    assert screen.closed


def test_closing_the_window_stops_the_run() -> None:
    with pytest.raises(StopRequested):
        run(FakeScreen(closes_after=2))


def test_space_pauses_until_space_and_s_still_saves() -> None:
    screen = FakeScreen(" --s- --")
    run(screen)
    assert screen.shown == [0, 1, 2]
    assert screen.looks == 8
    assert screen.saved == ["cam_1_000000.png"]


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (None, (96, 64)),
        (Fraction(4, 3), (128, 64)),
        (Fraction(1, 2), (96, 128)),
        (Fraction(1000), (96, 64)),  # no camera's: a header that lies
    ],
)
def test_what_is_shown_and_saved_has_square_pixels(
    aspect: Fraction | None, size: tuple[int, int]
) -> None:
    screen = FakeScreen("s")
    run(screen, 1, aspect)
    assert screen.shown == [0]
    assert screen.sizes == [size, size]


def test_q_stops_a_paused_run() -> None:
    with pytest.raises(StopRequested):
        run(FakeScreen(" --q"))


def test_a_picture_that_cannot_be_saved_is_a_warning() -> None:
    screen = FakeScreen("s")
    screen.can_save = False
    with pytest.warns(DisplayWarning, match="cannot save"):
        run(screen)


def test_without_a_display_it_says_so_once_and_goes_on() -> None:
    with pytest.warns(DisplayWarning, match="going on without") as caught:
        run(None)
    assert len(caught) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")
@pytest.mark.parametrize("display", [None, ":7654"])
def test_a_display_that_is_not_there_is_found_out_without_a_crash(
    display: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("QT_LOGGING_RULES", "*=false")
    if display:
        monkeypatch.setenv("DISPLAY", display)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_screen() is None


def test_windows_are_not_tried_where_pyav_would_make_them_hang() -> None:
    assert _pyav_came_first(["av", "cv2"])
    assert not _pyav_came_first(["cv2", "av"])
    assert not _pyav_came_first(["cv2"])
