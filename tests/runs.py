"""A run in small: a source, a sink, a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

from acme_tracker.config import TrackSettings
from acme_tracker.datatypes import Detections, FrameResult, TrackEvent
from acme_tracker.errors import OutputError, SourceError
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.session import TrackingSession
from tests.fakes import ScriptedDetector, textured_scene

CAR = Detections.of([(40, 40, 90, 80)], [0.9], [0])
NOTHING = Detections.empty()
SETTINGS = TrackSettings.load(None, {"visual_tracker.name": "kalman", "output.video": False})


class _Idle:
    """Entered and left without anything to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Pictures(_Idle):
    """A source of still pictures, which may break."""

    def __init__(self, count: int, breaks_at: int | None = None, live: bool = False) -> None:
        self.info = SourceInfo("pictures", "pictures", (320, 240), 25, count, live=live)
        self._count, self._breaks_at = count, breaks_at

    def __iter__(self) -> Iterator[Frame]:
        picture = textured_scene()
        for index in range(self._count):
            if index == self._breaks_at:
                raise SourceError("pictures ends early")
            yield Frame.of_image(picture, index, index / 25)


class Listener(_Idle):
    """A sink that remembers, and may fail."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.frames: list[int] = []
        self.ended: list[int] | None = None
        self._fails_at = fails_at

    def write(self, result: FrameResult) -> None:
        if result.frame.index == self._fails_at:
            raise OutputError("the disk is full")
        self.frames.append(result.frame.index)

    def end(self, events: Sequence[TrackEvent]) -> None:
        self.ended = [event.life.track_id for event in events]


def session() -> TrackingSession:
    return TrackingSession.from_settings(SETTINGS, ScriptedDetector([CAR]))
