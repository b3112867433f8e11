"""Files and threads that take results."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from acme_tracker.config import OutputSettings
from acme_tracker.datatypes import FrameResult, Look, LookReason, TrackEvent, Tracks
from acme_tracker.errors import OutputError
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.video.sinks import BackgroundSink, VideoSink
from tests.video.clips import number_of, picture, read

SOON_S = 10.0
LOOK = Look(LookReason.MOVEMENT)


def result(number: int, time_s: float | None = None) -> FrameResult:
    frame = Frame.of_image(picture(number), number, number / 25 if time_s is None else time_s)
    return FrameResult(frame, Tracks.empty())


class Recorder:
    """Remembers what it was told and by which thread; `before` is called with each index."""

    def __init__(self, before: Callable[[int], None] = lambda index: None) -> None:
        self.indices: list[int] = []
        self.threads: set[str] = set()
        self.ended = self.left = False
        self._before = before

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.left = True

    def write(self, result: FrameResult) -> None:
        self._before(result.frame.index)
        self.threads.add(threading.current_thread().name)
        self.indices.append(result.frame.index)

    def end(self, events: Sequence[TrackEvent]) -> None:
        self.ended = True


def test_the_video_has_what_was_drawn_at_the_sources_times(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "annotated.mp4"
    info = SourceInfo("clip", "clip", (96, 64), frame_rate=25)
    times = [0, 0.04, 0.5, 0.6]
    with VideoSink(path, info, OutputSettings(preset="ultrafast"), lambda r: r.frame.yuv()) as sink:
        assert not path.exists()  # it opens on the first frame
        for number, time_s in enumerate(times):
            sink.write(result(number, time_s))
        sink.end(())
    frames = read(path)
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-5)
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]


def test_a_run_without_frames_leaves_no_video(tmp_path: Path) -> None:
    info = SourceInfo("clip", "clip", (96, 64))
    with VideoSink(tmp_path / "a.mp4", info, OutputSettings(), lambda r: r.frame.yuv()):
        pass
    assert not (tmp_path / "a.mp4").exists()


def test_the_video_is_finished_when_the_run_fails(tmp_path: Path) -> None:
    info = SourceInfo("clip", "clip", (96, 64))

    def run() -> None:
        with VideoSink(tmp_path / "a.mp4", info, OutputSettings(), lambda r: r.frame.yuv()) as sink:
            for number in range(5):
                sink.write(result(number))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert len(read(tmp_path / "a.mp4")) == 5


def test_everything_is_written_in_order_by_the_other_thread() -> None:
    recorder = Recorder()
    with BackgroundSink(recorder, depth=2) as sink:
        for number in range(20):
            sink.write(result(number))
        sink.end(())
    assert recorder.indices == list(range(20))
    assert recorder.threads == {"sink"}
    assert recorder.ended
    assert recorder.left
    assert not [thread for thread in threading.enumerate() if thread.name == "sink"]


def test_what_waits_is_written_even_if_the_run_failed() -> None:
    go = threading.Event()

    def wait(index: int) -> None:
        go.wait(SOON_S)

    recorder = Recorder(before=wait)

    def run() -> None:
        with BackgroundSink(recorder) as sink:
            for number in range(5):
                sink.write(result(number))
            go.set()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert recorder.indices == list(range(5))


def test_a_hurried_run_does_not_wait_for_a_slow_sink() -> None:
    began, go = threading.Event(), threading.Event()

    def wait(index: int) -> None:
        began.set()
        go.wait(SOON_S)

    recorder = Recorder(before=wait)
    with BackgroundSink(recorder, depth=3, hurried=lambda: False) as sink:
        sink.write(result(0))
        assert began.wait(SOON_S)
        for number in range(1, 10):
            sink.write(replace(result(number), look=LOOK if number in {6, 8} else None))
        go.set()
        sink.end(())
    assert recorder.indices == [0, 1, 6, 8]  # looks take the places of others that wait
    assert sink.left_out == 6
    assert recorder.ended


def test_what_is_more_urgent_leaves_results_out_but_those_with_a_look() -> None:
    urgent, recorder = False, Recorder()
    with BackgroundSink(recorder, depth=20, hurried=lambda: urgent) as sink:
        for number in range(10):
            urgent = number > 3
            sink.write(replace(result(number), look=LOOK if number == 7 else None))
    assert recorder.indices == [0, 1, 2, 3, 7]
    assert sink.left_out == 5


def failing_at(number: int) -> Callable[[int], None]:
    def fail(index: int) -> None:
        if index == number:
            raise OutputError("the disk is full")

    return fail


def test_its_error_is_raised_by_a_later_write() -> None:
    recorder = Recorder(before=failing_at(2))

    def run() -> None:
        with BackgroundSink(recorder, depth=1) as sink:
            for number in range(100):
                sink.write(result(number))

    with pytest.raises(OutputError, match="the disk is full"):
        run()
    assert recorder.indices == [0, 1]
    assert recorder.left


def test_its_error_is_raised_on_leaving_at_the_latest() -> None:
    with (
        pytest.raises(OutputError, match="the disk is full"),
        BackgroundSink(Recorder(before=failing_at(0))) as sink,
    ):
        sink.write(result(0))


def test_a_failed_sink_takes_nothing_more() -> None:
    failed = threading.Event()

    def fail(index: int) -> None:
        failed.set()
        raise OutputError("the disk is full")

    with BackgroundSink(Recorder(before=fail), depth=1) as sink:
        sink.write(result(0))
        assert failed.wait(SOON_S)
        assert sink._thread is not None
        sink._thread.join(SOON_S)
        with pytest.raises(OutputError, match="the disk is full"):
            sink.write(result(1))
        with pytest.raises(OutputError, match="failed before"):
            sink.write(result(2))
        sink.end(())  # says nothing new: the first error is the one to tell
