"""When detectors look: beside a camera's tracker, ahead of a recording's."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.config import RedetectionSettings
from acme_tracker.datatypes import Detections, FrameResult, Look, LookReason, Tracks
from acme_tracker.errors import DetectorError
from acme_tracker.frames import Frame, Image
from acme_tracker.observers import Ahead, Beside
from acme_tracker.outputs import COMPLETE, INTERRUPTED, ResultFolders, track_source
from acme_tracker.pipeline import Interrupt, drive, open_session
from acme_tracker.session import TrackingSession
from tests.fakes import ScriptedDetector, moving_patches, textured_scene
from tests.runs import CAR, NOTHING, SETTINGS, Listener, Pictures

WHOLE = Look(LookReason.MAX_GAP)
NO_TRACKS = Tracks.empty()


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


def test_an_answer_from_a_picture_of_another_size_is_dropped() -> None:
    large = textured_scene()
    small = np.ascontiguousarray(large[::2, ::2])
    detector = Slow([Detections.of([(250, 180, 300, 220)], [0.9], [0])])
    with Beside(detector) as observer:
        session = TrackingSession.from_settings(SETTINGS, detector, observer)
        session.step(Frame.of_image(large, 0, 0))
        detector.may_answer.set()
        answered(observer)
        result = session.step(Frame.of_image(small, 1, 0.04))
    assert (len(result.tracks), result.look) == (0, None)


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
