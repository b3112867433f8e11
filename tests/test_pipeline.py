from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import pytest

from acme_tracker.config import RedetectionSettings, TrackSettings
from acme_tracker.datatypes import (
    Detections,
    Frame,
    FrameResult,
    Image,
    Look,
    LookReason,
    SourceInfo,
    TrackEvent,
    Tracks,
)
from acme_tracker.errors import DetectorError, OutputError, SourceError
from acme_tracker.outputs import COMPLETE, INTERRUPTED, ResultFolders, Run, track_source
from acme_tracker.pipeline import (
    Ahead,
    Beside,
    Interrupt,
    TimedSource,
    drive,
    one_thread_a_stage,
    open_session,
    side_by_side,
)
from acme_tracker.session import TrackingSession
from tests.fakes import ScriptedDetector, moving_patches, textured_scene

CAR = Detections.of([(40, 40, 90, 80)], [0.9], [0])
NOTHING = Detections.empty()
SETTINGS = TrackSettings.load(None, {"visual_tracker.name": "kalman", "output.video": False})


class Pictures:
    """A source of still pictures, which may break."""

    def __init__(self, count: int, breaks_at: int | None = None, live: bool = False) -> None:
        self.info = SourceInfo("pictures", "pictures", (320, 240), 25, count, live=live)
        self._count, self._breaks_at = count, breaks_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]:
        picture = textured_scene()
        for index in range(self._count):
            if index == self._breaks_at:
                raise SourceError("pictures ends early")
            yield Frame.of_image(picture, index, index / 25)


class Listener:
    """A sink that remembers, and may fail."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.frames: list[int] = []
        self.ended: list[int] | None = None
        self._fails_at = fails_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None: ...

    def write(self, result: FrameResult) -> None:
        if result.frame.index == self._fails_at:
            raise OutputError("the disk is full")
        self.frames.append(result.frame.index)

    def end(self, events: Sequence[TrackEvent]) -> None:
        self.ended = [event.life.track_id for event in events]


def session() -> TrackingSession:
    return TrackingSession.from_settings(SETTINGS, ScriptedDetector([CAR]))


def test_every_frame_reaches_every_sink_and_the_end_too() -> None:
    sinks = [Listener(), Listener()]
    drive(Pictures(5), session(), sinks)
    assert [(s.frames, s.ended) for s in sinks] == [([0, 1, 2, 3, 4], [1])] * 2


def test_a_source_that_breaks_still_ends_the_sinks() -> None:
    sink = Listener()
    with pytest.raises(SourceError, match="ends early"):
        drive(Pictures(9, breaks_at=3), session(), [sink])
    assert (sink.frames, sink.ended) == ([0, 1, 2], [1])


def test_a_sink_that_fails_ends_the_run_with_its_error_and_the_others_whole() -> None:
    good = Listener()
    with pytest.raises(OutputError, match="disk is full"):
        drive(Pictures(9), session(), [good, Listener(fails_at=2)])
    assert (good.frames, good.ended) == ([0, 1, 2], [1])


def test_an_interrupt_is_heard_between_frames() -> None:
    interrupt = Interrupt()

    class Asking(Listener):
        def write(self, result: FrameResult) -> None:
            super().write(result)
            if result.frame.index == 2:
                interrupt.request()

    sink = Asking()
    with pytest.raises(KeyboardInterrupt):
        drive(Pictures(9), session(), [sink], interrupt)
    assert (sink.frames, sink.ended) == ([0, 1, 2], [1])


def test_an_interrupt_breaks_off_a_wait_for_a_frame() -> None:
    interrupt = Interrupt()
    asleep = threading.Event()

    class Silent(Pictures):
        def __iter__(self) -> Iterator[Frame]:
            threading.Timer(0.05, signal.raise_signal, [signal.SIGUSR1]).start()
            asleep.wait(10)
            yield from ()

    before = signal.signal(signal.SIGUSR1, lambda *_: interrupt.request())
    try:
        with pytest.raises(KeyboardInterrupt):
            drive(Silent(1), session(), [], interrupt)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_time_to_make_frames_is_added_up() -> None:
    timed = TimedSource(Pictures(3))
    with timed as source:
        assert len(list(source)) == 3
    assert timed.total_ms > 0


def test_a_run_leaves_its_files_and_says_it_is_complete(tmp_path: Path) -> None:
    run = track_source(Pictures(10), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    assert (run.state, run.error, run.folder) == (COMPLETE, None, tmp_path / "pictures")
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "summary.json",
        "tracks.csv",
        "tracks.jsonl",
        "tracks.mot.txt",
        "tracks_summary.csv",
    ]
    assert run.report["unique_tracks"] == {"total": 1, "by_class": {"car": 1}}


def test_a_source_that_ends_early_leaves_what_was_tracked_until_then(tmp_path: Path) -> None:
    run = track_source(
        Pictures(10, breaks_at=4), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path)
    )
    assert isinstance(run.error, SourceError)
    assert run.report["frames"] == 4
    assert run.report["state"] == "failed: pictures ends early"
    assert len((tmp_path / "pictures" / "tracks.csv").read_text().splitlines()) == 5


def test_a_stop_before_the_first_frame_leaves_no_folder(tmp_path: Path) -> None:
    interrupt = Interrupt()
    interrupt.request()
    run = track_source(
        Pictures(3),
        SETTINGS,
        ScriptedDetector([CAR]),
        ResultFolders(tmp_path),
        interrupt=interrupt,
    )
    assert (run.state, run.folder) == (INTERRUPTED, None)
    assert list(tmp_path.iterdir()) == []


def test_two_sources_of_one_name_get_two_folders(tmp_path: Path) -> None:
    folders = ResultFolders(tmp_path)
    info = Pictures(1).info
    assert [folders.make(info).name for _ in range(3)] == ["pictures", "pictures-2", "pictures-3"]


def test_a_recording_replaces_its_results_and_a_live_source_keeps_them(tmp_path: Path) -> None:
    recorded, live = Pictures(1).info, Pictures(1, live=True).info
    assert ResultFolders(tmp_path).make(recorded) == ResultFolders(tmp_path).make(recorded)
    assert ResultFolders(tmp_path).make(live).name == "pictures-2"


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot make the folder .*; give another"):
        ResultFolders(tmp_path / "file").make(Pictures(1).info)


def test_results_of_an_earlier_run_do_not_stay_among_those_of_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("annotated.mp4", "summary.json", "notes.txt"):
        (folder / name).write_text("old")
    track_source(
        Pictures(3, breaks_at=1), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path)
    )
    assert not (folder / "annotated.mp4").exists()
    assert "failed" in (folder / "summary.json").read_text()
    assert (folder / "notes.txt").read_text() == "old"


def test_a_source_is_never_overwritten_by_its_own_results(tmp_path: Path) -> None:
    video = tmp_path / "pictures" / "annotated.mp4"
    video.parent.mkdir()
    video.write_bytes(b"the only copy")
    run = track_source(
        Pictures(3),
        SETTINGS,
        ScriptedDetector([CAR]),
        ResultFolders(tmp_path, [str(video)]),
    )
    assert run.folder == tmp_path / "pictures-2"
    assert video.read_bytes() == b"the only copy"


def test_results_of_another_source_of_the_same_name_stay(tmp_path: Path) -> None:
    for _ in range(2):
        track_source(Pictures(3), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    other = Pictures(3)
    other.info = SourceInfo("elsewhere/pictures", "pictures", (320, 240), 25, 3)
    run = track_source(other, SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    assert run.folder == tmp_path / "pictures-2"
    assert (tmp_path / "pictures" / "tracks.csv").read_text().count("\n") == 4


def test_the_first_error_is_the_one_that_is_told() -> None:
    class Broken(Listener):
        def end(self, events: Sequence[TrackEvent]) -> None:
            raise OutputError("this sink failed before")

    with pytest.raises(OutputError, match="the disk is full"):
        drive(Pictures(9), session(), [Broken(fails_at=1)])


class Slow(ScriptedDetector):
    """A detector that answers when the test lets it."""

    def __init__(self, answers: Sequence[Detections]) -> None:
        super().__init__(answers)
        self.may_answer = threading.Event()

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        assert self.may_answer.wait(10)
        return super().detect(images)


def answered(observer: Beside) -> None:
    """Wait until the answer lies ready."""
    assert observer._errand is not None
    observer._errand.seen.result(10)


WHOLE = Look(LookReason.MAX_GAP)
NO_TRACKS = Tracks.empty()


def test_the_tracker_goes_on_while_a_cameras_detector_looks() -> None:
    pictures, truth = moving_patches([(60, 60)], (2, 1), 6)
    detector = Slow([Detections.of(truth[0], [0.9], [0])])
    with Beside(detector) as observer:
        assert observer.is_free(pictures[0])
        assert observer.observe(pictures[0], NO_TRACKS, WHOLE) is None
        for late in pictures[1:5]:
            assert not observer.is_free(late)
            assert observer.observe(late, NO_TRACKS, None) is None
        detector.may_answer.set()
        answered(observer)
        answer = observer.observe(pictures[5], NO_TRACKS, None)
        assert observer.is_free(pictures[5])
    assert answer is not None
    assert (answer.look, answer.observation.frame_index) == (WHOLE, 0)
    # The object went 10 px right and 5 down while the detector looked.
    assert abs(answer.observation.detections.xyxy - truth[5]).max() < 1.5


def test_an_answer_from_before_a_scene_cut_is_dropped() -> None:
    first, second, third = list(Pictures(3))
    detector = Slow([CAR])
    with Beside(detector) as observer:
        observer.observe(first, NO_TRACKS, WHOLE)
        observer.forget()
        detector.may_answer.set()
        answered(observer)
        assert observer.observe(second, NO_TRACKS, None) is None
        observer.observe(second, NO_TRACKS, WHOLE)
        answered(observer)
        assert observer.observe(third, NO_TRACKS, None) is not None


def test_what_a_cameras_detector_raises_ends_the_run() -> None:
    class Failing(ScriptedDetector):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            raise DetectorError("the weights are gone")

    source, sink = Pictures(10_000, live=True), Listener()
    with (
        pytest.raises(DetectorError, match="weights are gone"),
        open_session(source.info, SETTINGS, Failing([])) as failing,
    ):
        drive(source, failing, [sink])
    assert sink.ended == []


def test_a_live_source_is_tracked_with_the_detector_beside(tmp_path: Path) -> None:
    run = track_source(
        Pictures(300, live=True), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path)
    )
    assert run.state == COMPLETE
    assert run.report["unique_tracks"] == {"total": 1, "by_class": {"car": 1}}


def test_a_recordings_detector_looks_at_once() -> None:
    with open_session(Pictures(1).info, SETTINGS, ScriptedDetector([CAR])) as at_once:
        result = at_once.step(next(iter(Pictures(1))))
    assert result.tracks.observed.tolist() == [True]


def test_a_known_cadence_is_looked_at_ahead_and_finds_the_same(tmp_path: Path) -> None:
    pictures, truth = moving_patches([(20, 40), (220, 160)], (2, 0.5), 24)
    settings = SETTINGS.model_copy(update={"redetection": RedetectionSettings(every_frames=3)})

    class Moving(Pictures):
        def __iter__(self) -> Iterator[Frame]:
            yield from pictures

    class Truthful(ScriptedDetector):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            names.append(threading.current_thread().name)
            return super().detect(images)

    written = []
    for folder in ("ahead", "waiting"):
        names: list[str] = []
        detector = Truthful([Detections.of(boxes, [0.9, 0.9], [0, 0]) for boxes in truth[::3]])
        with pytest.MonkeyPatch.context() as patch:
            if folder == "waiting":
                patch.setattr(Ahead, "of", lambda *_: None)
            run = track_source(Moving(24), settings, detector, ResultFolders(tmp_path / folder))
        assert run.report["detector_calls"] == {"total": 8, "by_reason": {"cadence": 8}}
        assert len(names) == 8
        assert {name.startswith("detector") for name in names} == {folder == "ahead"}
        written.append((tmp_path / folder / "pictures" / "tracks.jsonl").read_bytes())
    assert written[0] == written[1]


def test_the_detector_goes_ahead_of_the_tracker() -> None:
    first, second, third = Pictures(3)
    detector = Slow([CAR, NOTHING])
    with Ahead(detector, 2) as observer:
        for frame in (first, second, third):
            observer.begin(frame)
        detector.may_answer.set()
        answers = [
            observer.observe(f, NO_TRACKS, look)
            for f, look in zip((first, second, third), (WHOLE, None, WHOLE), strict=True)
        ]
    assert detector.calls == 2
    assert [
        a and (a.look, a.observation.frame_index, len(a.observation.detections)) for a in answers
    ] == [(WHOLE, 0, 1), None, (WHOLE, 2, 0)]


def test_another_look_than_was_expected_is_taken_when_it_is_asked_for() -> None:
    (frame,) = Pictures(1)
    part = Look(LookReason.LOW_CONFIDENCE, np.array([[10, 20, 200, 200]], np.float32))
    with Ahead(ScriptedDetector([CAR]), 2) as observer:
        observer.begin(frame)
        answer = observer.observe(frame, NO_TRACKS, part)
        later = observer.observe(frame, NO_TRACKS, WHOLE)
    assert answer is not None
    assert later is not None
    assert answer.observation.detections.xyxy.tolist() == [[50, 60, 100, 100]]
    assert later.observation.detections.xyxy.tolist() == [[40, 40, 90, 80]]


def test_what_is_raised_ahead_is_told_in_its_frames_turn(tmp_path: Path) -> None:
    class Failing(ScriptedDetector):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            if self.calls == 2:
                raise DetectorError("the weights are gone")
            return super().detect(images)

    settings = SETTINGS.model_copy(update={"redetection": RedetectionSettings(every_frames=5)})
    run = track_source(Pictures(99), settings, Failing([CAR]), ResultFolders(tmp_path))
    assert (run.state, run.report["frames"]) == ("failed: the weights are gone", 10)


def test_an_interrupted_run_does_not_wait_for_every_look_that_was_begun(tmp_path: Path) -> None:
    interrupt = Interrupt()

    class Asking(Listener):
        def write(self, result: FrameResult) -> None:
            interrupt.request()

    settings = SETTINGS.model_copy(update={"redetection": RedetectionSettings(every_frames=1)})
    detector = ScriptedDetector([CAR])
    run = track_source(
        Pictures(10_000),
        settings,
        detector,
        ResultFolders(tmp_path),
        interrupt=interrupt,
        watchers=[lambda *_: Asking()],
    )
    assert (run.state, run.report["frames"]) == (INTERRUPTED, 1)
    assert detector.calls < 10
    assert [t.name for t in threading.enumerate() if t.name.startswith("detector")] == []


def test_a_live_sources_frames_are_not_looked_at_ahead(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"redetection": RedetectionSettings(every_frames=1)})
    detector = Slow([CAR])
    detector.may_answer.set()
    run = track_source(Pictures(50, live=True), settings, detector, ResultFolders(tmp_path))
    assert detector.calls <= run.report["detector_calls"]["total"] + 1  # one may come too late


def test_opencv_gets_its_threads_back() -> None:
    before = cv2.getNumThreads()
    with one_thread_a_stage():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before


class Waiting(Pictures):
    """A live source whose next picture does not come before `go`."""

    def __init__(self, count: int, go: threading.Event) -> None:
        super().__init__(count, live=True)
        self._go = go

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        self._go.wait(20)


def test_a_wish_to_stop_reaches_sources_that_run_side_by_side(tmp_path: Path) -> None:
    interrupt, folders, go = Interrupt(), ResultFolders(tmp_path), threading.Event()
    seen = [Listener(), Listener()]

    def job(sink: Listener, asked: Interrupt) -> Run:
        source, detector = Waiting(3, go), ScriptedDetector([CAR])
        watch = [lambda *_: sink]
        return track_source(source, SETTINGS, detector, folders, interrupt=asked, watchers=watch)

    ask = threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGUSR1])
    before = signal.signal(signal.SIGUSR1, lambda *_: interrupt.request())
    ask.start()
    try:
        runs = side_by_side([partial(job, sink) for sink in seen], interrupt)
    finally:
        ask.cancel()
        ask.join()
        go.set()
        signal.signal(signal.SIGUSR1, before)
    assert [run.state for run in runs] == [INTERRUPTED] * 2
    assert {run.folder for run in runs} == {tmp_path / "pictures", tmp_path / "pictures-2"}
    assert [sink.ended for sink in seen] == [[1], [1]]
    rows = [(run.folder or tmp_path).joinpath("tracks.csv").read_text() for run in runs]
    assert all(text.count("\n") > 1 and text.endswith("\n") for text in rows)


def test_what_one_raises_stops_the_others_and_is_raised() -> None:
    def fails(_: Interrupt) -> int:
        raise ZeroDivisionError

    def waits(asked: Interrupt) -> int:
        while not asked.wanted:
            pass
        return 1

    with pytest.raises(ZeroDivisionError):
        side_by_side([waits, fails], Interrupt())
    assert side_by_side([lambda _: 1, lambda _: 2], Interrupt()) == [1, 2]
