"""Draws what a run knows onto its frames: boxes, labels, trails and a status line."""

from __future__ import annotations

import math
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from acme_tracker.boxes import centres
from acme_tracker.datatypes import (
    Boxes,
    ClassList,
    Frame,
    FrameResult,
    Image,
    LookReason,
    SourceInfo,
    Tracks,
)
from acme_tracker.interfaces import Ids

if TYPE_CHECKING:
    import supervision

# One colour a track, taken in turn by its id: neighbours in this list differ in hue and lightness,
# and black text is legible on all of them.
PALETTE = (
    "#ffd23f", "#3ec1ff", "#ff7a5c", "#5ee38b", "#d79bff", "#ff9f1c",
    "#4fe0d0", "#ff8fc8", "#b4e051", "#9fb4ff", "#f2b8a0", "#e8e8e8",
)  # fmt: skip
FONT = cv2.FONT_HERSHEY_SIMPLEX
LABELS_KEPT = 512  # pictures of labels: few of them change from frame to frame


class Annotator:
    """Calls with a FrameResult give an annotated copy of its picture.

    A box is a thin frame; thick corners mark it on frames where a detection confirmed it. A label
    says id, class and confidence (the detector's score where the tracker gives no confidence).

    Args:
        trail_s: for how long the way of a track's ground point (bottom centre) stays drawn.
        info: of the source, for the clock in the status line.
    """

    def __init__(
        self, classes: ClassList, trail_s: float = 2.0, info: SourceInfo | None = None
    ) -> None:
        self._classes = classes
        self._info = info
        self._trails = Trails(trail_s)
        self._look: tuple[LookReason, float] | None = None  # the last one's reason and time_s
        self._pens: dict[tuple[int, int], _Pens] = {}

    def __call__(self, result: FrameResult) -> Image:
        frame, tracks = result.frame, result.tracks.confirmed
        if result.look is not None:
            self._look = (result.look.reason, frame.time_s)
        scene = frame.image.copy()
        pens = self._pens_for(frame.size)
        # Far objects first, so that near ones and their labels lie on top.
        tracks = tracks[np.argsort(tracks.xyxy[:, 3], kind="stable")]
        self._trails.add(frame.time_s, tracks)
        self._trails.draw(scene, tracks, pens)
        pens.draw_boxes(scene, tracks, self._classes)
        pens.draw_status(scene, self._state(result, len(tracks)), *self._place(frame, len(tracks)))
        return scene

    def _pens_for(self, size: tuple[int, int]) -> _Pens:
        """Pictures of one source may change their size; they seldom do."""
        if size not in self._pens:
            self._pens = {size: _Pens(size)}
        return self._pens[size]

    def _state(self, result: FrameResult, count: int) -> str:
        """What the program does on this frame, and why."""
        if result.look is not None:
            return f"Detecting: {result.look.reason.value}"
        if not count:
            return "Waiting: nothing to track"
        if self._look is None:
            return "Tracking"
        reason, looked_s = self._look
        return f"Tracking: looked {result.frame.time_s - looked_s:.1f} s ago ({reason.value})"

    def _place(self, frame: Frame, count: int) -> tuple[str, ...]:
        """Where in the video this is; the first is the most important."""
        minutes, seconds = divmod(frame.time_s, 60)
        moment = self._info.clock_time(frame.time_s) if self._info else None
        return (
            f"{count} track{'' if count == 1 else 's'}",
            f"frame {frame.index}",
            f"{int(minutes):02d}:{math.floor(10 * seconds) / 10:04.1f}",
            *([] if moment is None else [f"{moment:%Y-%m-%d %H:%M:%S} UTC"]),
        )


class Trails:
    """The recent ground points of every track: nothing older than `trail_s` is kept."""

    def __init__(self, trail_s: float) -> None:
        self.trail_s = trail_s
        self._points: dict[int, deque[tuple[float, float, float]]] = {}  # time_s, x, y

    def __len__(self) -> int:
        """How many points are kept."""
        return sum(map(len, self._points.values()))

    def add(self, time_s: float, tracks: Tracks) -> None:
        """Add where the tracks are now and forget what is too old, also of tracks that ended."""
        x, y = centres(tracks.xyxy)[:, 0], tracks.xyxy[:, 3]
        for track_id, *point in zip(tracks.track_id.tolist(), x.tolist(), y.tolist(), strict=True):
            points = self._points.setdefault(track_id, deque())
            # An object at rest adds nothing.
            if not points or max(abs(point[0] - points[-1][1]), abs(point[1] - points[-1][2])) >= 1:
                points.append((time_s, point[0], point[1]))
        for track_id, points in list(self._points.items()):
            while points and points[0][0] < time_s - self.trail_s:
                points.popleft()
            if not points:
                del self._points[track_id]

    def draw(self, scene: Image, tracks: Tracks, pens: _Pens) -> None:
        for track_id in tracks.track_id.tolist():
            points = self._points.get(track_id, ())
            if len(points) > 1:
                line = np.array(points)[:, 1:].round().astype(np.int32)
                cv2.polylines(scene, [line], False, pens.colour(track_id), pens.line_px)


class _Pens:
    """supervision's annotators, in sizes that suit a picture of (width, height)."""

    def __init__(self, size: tuple[int, int]) -> None:
        import supervision as sv

        self.size = size
        rows = min(size)
        self.text_scale = float(np.clip(rows / 1300, 0.28, 1.5))
        self.text_px = max(1, round(rows / 900))
        self.padding_px = max(1, round(rows / 240))
        self.line_px = max(1, round(rows / 340))
        self.bar_px = self._text_size("Tg")[1] + 2 * self.padding_px + 4
        palette = sv.ColorPalette.from_hex(list(PALETTE))
        self._colours = [colour.as_bgr() for colour in palette.colors]
        track = sv.ColorLookup.TRACK
        self._frames = sv.BoxAnnotator(palette, self.line_px, track)
        self._corners = sv.BoxCornerAnnotator(
            palette, self.line_px + max(1, round(rows / 450)), max(4, round(rows / 60)), track
        )
        self._labels = sv.LabelAnnotator(
            palette, track, sv.Color.BLACK, self.text_scale, self.text_px, self.padding_px
        )
        self._label = lru_cache(LABELS_KEPT)(self._new_label)

    def colour(self, track_id: int) -> tuple[int, int, int]:
        """The one that supervision takes for this track."""
        blue, green, red = self._colours[track_id % len(self._colours)]
        return blue, green, red

    def draw_boxes(self, scene: Image, tracks: Tracks, classes: ClassList) -> None:
        if not len(tracks):
            return
        self._frames.annotate(scene, _supervised(tracks.xyxy, tracks.track_id))
        seen = tracks[tracks.observed]
        self._corners.annotate(scene, _supervised(seen.xyxy, seen.track_id))
        certainty = np.where(np.isnan(tracks.confidence), tracks.score, tracks.confidence)
        texts = [
            f"#{track_id} {classes.names[class_id]} {certain:.2f}"
            for track_id, class_id, certain in zip(
                tracks.track_id.tolist(), tracks.class_id.tolist(), certainty.tolist(), strict=True
            )
        ]
        colours = tracks.track_id % len(self._colours)
        self._paste(scene, tracks.xyxy, list(map(self._label, texts, colours.tolist())))

    def draw_status(self, scene: Image, state: str, *facts: str) -> None:
        """A dark bar at the top: the state on the left, as many facts as fit on the right."""
        bar = scene[: self.bar_px]
        np.right_shift(bar, 2, out=bar)
        margin = 2 * self.padding_px + 2
        room = self.size[0] - 2 * margin
        gap = "   "
        self._text(scene, state, margin)
        for count in range(len(facts), 0, -1):
            text = gap.join(facts[:count])
            width = self._text_size(text)[0]
            if self._text_size(state + gap)[0] + width <= room:
                self._text(scene, text, self.size[0] - margin - width)
                return

    def _text(self, scene: Image, text: str, x: int) -> None:
        """White text in the status bar."""
        y = (self.bar_px + self._text_size("T")[1]) // 2
        white = (255, 255, 255)
        cv2.putText(scene, text, (x, y), FONT, self.text_scale, white, self.text_px, cv2.LINE_AA)

    def _text_size(self, text: str) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(text, FONT, self.text_scale, self.text_px)
        return width, height

    def _new_label(self, text: str, colour: int) -> Image:
        """A label's picture. One drawing for many frames: it is the most work of all there is."""
        width, height = np.add(self._text_size(text), 2 * self.padding_px).tolist()
        picture = np.empty((height, width, 3), np.uint8)
        below = np.array([[0, height, 1, height + 1]], np.float32)
        self._labels.annotate(picture, _supervised(below, np.array([colour])), [text])
        return picture

    def _paste(self, scene: Image, xyxy: Boxes, labels: list[Image]) -> None:
        """Put labels above the top left corners of their boxes (N, 4), but into the picture.

        A label that would lie above the picture, or under the status bar, lies inside its box.
        """
        shapes = np.array([label.shape[:2] for label in labels])  # (N, 2)
        room = np.maximum(self.size[::-1] - shapes, 0)
        corners = xyxy[:, 1::-1] - shapes * (1, 0)  # top, left
        corners = np.clip(corners, (self.bar_px, 0), np.maximum(room, (self.bar_px, 0)))
        for (top, left), label in zip(corners.astype(int).tolist(), labels, strict=True):
            place = scene[top : top + label.shape[0], left : left + label.shape[1]]
            place[:] = label[: place.shape[0], : place.shape[1]]


def _supervised(xyxy: Boxes, track_id: Ids) -> supervision.Detections:
    import supervision as sv

    return sv.Detections(xyxy=xyxy, tracker_id=track_id, class_id=np.zeros_like(track_id))
