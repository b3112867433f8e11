"""What every source promises, whatever it reads."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import pytest

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.interfaces import FrameSource
from acme_tracker.video.camera import CameraSource
from acme_tracker.video.screen import ScreenSource
from acme_tracker.video.sources import open_source
from tests.video.clips import number_of, picture, write_clip

COUNT, SIZE = 20, (96, 64)
RECORDED = ("file", "http", "images")
KINDS = (*RECORDED, "camera", "screen")
Make = Callable[[str, SourceSettings], FrameSource]


class FakeCapture:
    """A camera that is unplugged after COUNT pictures."""

    def __init__(self, index: int) -> None:
        self.index, self.number, self.released = index, 0, False

    def isOpened(self) -> bool:  # noqa: N802
        return self.index == 0

    def read(self) -> tuple[bool, Any]:
        self.number += 1
        return (True, picture(self.number - 1)) if self.number <= COUNT else (False, None)

    def get(self, prop: int, /) -> float:
        return 25.0

    def release(self) -> None:
        self.released = True


class Clock:
    """Goes on by a 25th of a second whenever it is asked."""

    def __init__(self) -> None:
        self.ticks = 0

    def __call__(self) -> float:
        self.ticks += 1
        return 100 + self.ticks / 25


class SetClock:
    """Stands still but for what a test adds, and for sleep."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class FakeGrabber:
    """A desktop whose picture changes; it goes away after COUNT pictures."""

    monitors = ({"left": 0}, {"left": 0, "top": 0, "width": 96, "height": 64})

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def grab(self, region: dict[str, int]) -> Any:
        if self.number == COUNT:
            raise OSError("XGetImage() failed")
        self.number += 1
        size = (region["width"], region["height"])
        return cv2.cvtColor(picture(self.number - 1, size), cv2.COLOR_BGR2BGRA)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


def no_sleep(seconds: float) -> None: ...


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    write_clip(folder / "clip.mp4", COUNT, SIZE, container_options={"movflags": "faststart"})
    (folder / "frames").mkdir()
    for number in range(COUNT):
        cv2.imwrite(str(folder / "frames" / f"frame{number}.png"), picture(number))
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://user:hunter2@127.0.0.1:{server.server_port}/clip.mp4?token=hunter2"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def make(folder: Path, url: str) -> Make:
    words = {"file": str(folder / "clip.mp4"), "http": url, "images": str(folder / "frames")}

    def make(kind: str, settings: SourceSettings) -> FrameSource:
        if kind == "camera":
            return CameraSource("camera:0", settings, FakeCapture, Clock())
        if kind == "screen":
            return ScreenSource("screen:", settings, FakeGrabber, Clock(), no_sleep)
        return open_source(words[kind], settings)

    return make


def frames_of(source: FrameSource) -> list[tuple[int, float, int]]:
    """(index, time_s, number drawn on it) of all frames; live sources end in an error."""
    found: list[tuple[int, float, int]] = []
    with source:
        try:
            found.extend((f.index, f.time_s, number_of(f.image)) for f in source)
        except SourceError:
            assert source.info.live
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_it_knows_nothing_before_it_is_open(kind: str, make: Make) -> None:
    source = make(kind, SourceSettings())
    with pytest.raises(RuntimeError, match="with source"):
        _ = source.info


@pytest.mark.parametrize("kind", KINDS)
def test_it_travels_to_another_process_before_it_is_open(kind: str, make: Make) -> None:
    copy = pickle.loads(pickle.dumps(make(kind, SourceSettings())))
    assert len(frames_of(copy)) == COUNT


@pytest.mark.parametrize("kind", KINDS)
def test_it_gives_every_frame_once_in_order_from_time_zero(kind: str, make: Make) -> None:
    found = frames_of(make(kind, SourceSettings()))
    assert [(index, number) for index, _, number in found] == [(n, n) for n in range(COUNT)]
    times = [time_s for _, time_s, _ in found]
    assert times[0] == 0
    assert np.all(np.diff(times) > 0)


@pytest.mark.parametrize("kind", RECORDED)
def test_a_recording_says_how_many_frames_it_has_and_when(kind: str, make: Make) -> None:
    source = make(kind, SourceSettings())
    assert frames_of(source) == [(n, n / 25, n) for n in range(COUNT)]
    with source:
        assert (source.info.frame_count, source.info.frame_rate) == (COUNT, 25)
        assert not source.info.live


@pytest.mark.parametrize("kind", RECORDED)
def test_a_recording_is_the_same_when_it_is_read_again(kind: str, make: Make) -> None:
    source = make(kind, SourceSettings())
    assert frames_of(source) == frames_of(source)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_have_the_size_it_says_and_luma_is_their_grey(kind: str, make: Make) -> None:
    with make(kind, SourceSettings()) as source:
        frame = next(iter(source))
        assert source.info.size == frame.size == SIZE
        assert frame.image.shape == (SIZE[1], SIZE[0], 3)
        assert frame.luma.shape == (SIZE[1], SIZE[0])
        assert frame.luma.flags.c_contiguous
        assert frame.source_id == source.info.source_id
        assert frame.image[2, 2, 0] > 200 > frame.image[-2, -2, 0]


@pytest.mark.parametrize("kind", RECORDED)
@pytest.mark.parametrize(("start_s", "duration_s"), [(0.0, 0.2), (0.3, None), (0.41, 0.2)])
def test_a_part_of_a_recording_keeps_its_indices_and_times(
    kind: str, make: Make, start_s: float, duration_s: float | None
) -> None:
    part = make(kind, SourceSettings(start_s=start_s, duration_s=duration_s))
    end_s = start_s + (duration_s or 100)
    whole = frames_of(make(kind, SourceSettings()))
    wanted = [row for row in whole if start_s <= row[1] < end_s]
    assert frames_of(part) == wanted
    with part:
        assert part.info.frame_count == len(wanted)


@pytest.mark.parametrize("kind", RECORDED)
def test_a_start_behind_the_end_is_an_error(kind: str, make: Make) -> None:
    with (
        pytest.raises(SourceError, match="ends before 60 s"),
        make(kind, SourceSettings(start_s=60)) as source,
    ):
        list(source)


@pytest.mark.parametrize("kind", RECORDED)
def test_a_part_without_any_frame_is_an_error(kind: str, make: Make) -> None:
    with (
        pytest.raises(SourceError, match=r"no frame between 0\.41 and 0\.411 s.* 0\.[45]"),
        make(kind, SourceSettings(start_s=0.41, duration_s=0.001)) as source,
    ):
        list(source)


@pytest.mark.parametrize("kind", KINDS)
def test_the_given_start_of_the_clock_is_told_in_utc(kind: str, make: Make) -> None:
    noon = datetime.fromisoformat("2024-05-03T12:00:00+02:00")
    with make(kind, SourceSettings(start_time=noon)) as source:
        assert source.info.started_at == datetime(2024, 5, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["camera", "screen"])
def test_a_live_source_starts_now(kind: str, make: Make) -> None:
    with make(kind, SourceSettings()) as source:
        started_at = source.info.started_at
        assert source.info.live
        assert started_at is not None
        assert abs((datetime.now(UTC) - started_at).total_seconds()) < 60


def test_a_url_keeps_its_secrets_for_itself(make: Make) -> None:
    with make("http", SourceSettings()) as source:
        assert "hunter2" not in repr(source.info)
        assert source.info.name.startswith("127.0.0.1_")


def test_a_url_that_fails_keeps_its_secrets_for_itself(url: str) -> None:
    gone = url.replace("clip.mp4", "gone.mp4")
    with (
        pytest.raises(SourceError, match="cannot open http") as caught,
        open_source(gone, SourceSettings()),
    ):
        pass
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_camera_that_is_not_there_is_an_error_and_is_let_go() -> None:
    made: list[FakeCapture] = []

    def remember(index: int) -> FakeCapture:
        made.append(FakeCapture(index))
        return made[-1]

    with (
        pytest.raises(SourceError, match="camera 3 gives no picture"),
        CameraSource("3", SourceSettings(), remember),
    ):
        pass
    assert made[0].released


def test_a_part_of_the_screen_is_named_by_its_place() -> None:
    settings = SourceSettings(image_rate=10)
    with ScreenSource("screen:5,6,32,24", settings, FakeGrabber, Clock(), no_sleep) as source:
        assert source.info.size == (32, 24)
        assert source.info.name == "screen_5_6_32_24"
        assert source.info.frame_rate == 10


def test_a_screen_that_goes_away_says_after_how_many_frames() -> None:
    source = ScreenSource("screen:", SourceSettings(), FakeGrabber, Clock(), no_sleep)
    with source, pytest.raises(SourceError, match=f"screen: stopped after {COUNT} frames: OSError"):
        list(source)


def test_after_a_stall_the_screen_is_read_no_faster_than_before() -> None:
    class Stalls(FakeGrabber):
        def grab(self, region: dict[str, int]) -> Any:
            clock.now_s += 9.0 if self.number == 7 else 0.001
            return super().grab(region)

    clock = SetClock()
    settings = SourceSettings(image_rate=10)
    times: list[float] = []
    source = ScreenSource("screen:", settings, Stalls, clock, clock.sleep)
    with source, suppress(SourceError):
        times.extend(frame.time_s for frame in source)
    steps_s = np.diff(times)
    assert max(steps_s) > 9
    assert sorted(steps_s)[1] >= 0.0989  # the one after the stall apart


def test_without_a_display_the_screen_is_an_error() -> None:
    def fail() -> Any:
        raise OSError("no display")

    with (
        pytest.raises(SourceError, match="cannot read the screen"),
        ScreenSource("screen:", SourceSettings(), fail),
    ):
        pass
