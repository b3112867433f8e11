"""Boxes, labels, trails and a status line."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker.boxes import centres
from acme_tracker.datatypes import Boxes, ClassList, FrameResult, LookReason, Tracks
from acme_tracker.drawing.canvas import Bgr, Canvas, Points, Stamp, printed
from acme_tracker.frames import Frame, Image, SourceInfo
from acme_tracker.interfaces import Ids
from acme_tracker.yuv import Yuv

# One colour a track, taken in turn by its id: neighbours in this list differ in hue and lightness,
# and black text is legible on all of them.
PALETTE = (
    "#ffd23f", "#3ec1ff", "#ff7a5c", "#5ee38b", "#d79bff", "#ff9f1c",
    "#4fe0d0", "#ff8fc8", "#b4e051", "#9fb4ff", "#f2b8a0", "#e8e8e8",
)  # fmt: skip
COLOURS: list[Bgr] = [(int(c[5:], 16), int(c[3:5], 16), int(c[1:3], 16)) for c in PALETTE]
FONT = cv2.FONT_HERSHEY_SIMPLEX
FAR_PX = 1e5  # beyond any picture, and no more than OpenCV can draw
LABELS_KEPT = 512  # pictures of labels: few of them change from frame to frame
TEXTS_KEPT = 64  # sizes of texts, whatever their digits
ZEROS = str.maketrans("123456789", "000000000")  # all digits of the font are equally wide


class Annotator:
    """Calls with a FrameResult give an annotated copy of its picture, in BGR; `yuv`: in YUV.

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
        self._pens: Pens | None = None

    def __call__(self, result: FrameResult) -> Image:
        scene = result.frame.image.copy()
        self._draw(Canvas(scene), result)
        return scene

    def yuv(self, result: FrameResult) -> Yuv:
        """Annotated as an encoder takes it: what came in YUV is never converted."""
        scene = result.frame.yuv()
        self._draw(Canvas(scene), result)
        return scene

    def _draw(self, canvas: Canvas, result: FrameResult) -> None:
        frame, tracks = result.frame, result.tracks.confirmed
        if result.look is not None:
            self._look = (result.look.reason, frame.time_s)
        if self._pens is None or not self._pens.suit(canvas):
            self._pens = Pens(canvas)
        # Far objects first, so that near ones' labels lie on top.
        tracks = tracks[np.argsort(tracks.xyxy[:, 3], kind="stable")]
        self._trails.add(frame.time_s, tracks, self._pens.trail_step_px)
        self._pens.draw_lines(canvas, tracks, self._trails)
        self._pens.draw_labels(canvas, tracks, self._classes)
        facts = self._place(frame, len(tracks))
        self._pens.draw_status(canvas, self._state(result, len(tracks)), *facts)

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
        # Parallel, by track and then by time.
        self._track_id = np.empty(0, np.int64)
        self._time_s = np.empty(0)
        self._points = np.empty((0, 2), np.int32)

    def __len__(self) -> int:
        """How many points are kept."""
        return len(self._points)

    def add(self, time_s: float, tracks: Tracks, step_px: int = 1) -> None:
        """Add where the tracks are now, but for those within `step_px` of their last points.

        Forgets what is too old, also of tracks that ended.
        """
        recent = self._time_s >= time_s - self.trail_s
        self._track_id, self._time_s = self._track_id[recent], self._time_s[recent]
        self._points = self._points[recent]
        ground = np.stack([centres(tracks.xyxy)[:, 0], tracks.xyxy[:, 3]], axis=1)
        ground = np.clip(ground, -FAR_PX, FAR_PX).round().astype(np.int32)
        begin, end = self._places(tracks.track_id)
        moved, known = begin == end, begin < end
        way = np.abs(ground[known] - self._points[end[known] - 1]).max(axis=1, initial=0)
        moved[known] = way >= step_px
        track_id = np.concatenate([self._track_id, tracks.track_id[moved]])
        order = np.argsort(track_id, kind="stable")
        self._track_id = track_id[order]
        self._time_s = np.concatenate([self._time_s, np.full(moved.sum(), time_s)])[order]
        self._points = np.concatenate([self._points, ground[moved]])[order]

    def ways(self, track_ids: Ids) -> list[Points]:
        """One line a track, of one point or none where it has not moved."""
        begin, end = self._places(track_ids)
        return [self._points[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]

    def _places(self, track_ids: Ids) -> tuple[Ids, Ids]:
        """Where the points of tracks (N,) begin and end."""
        begin = np.searchsorted(self._track_id, track_ids)
        return begin, np.searchsorted(self._track_id, track_ids, side="right")


class Pens:
    """Sizes, colours and labels that suit the canvases of one size and kind."""

    def __init__(self, canvas: Canvas) -> None:
        self.size, self._kind = canvas.size, canvas.colours  # colours None: BGR
        rows = min(self.size)
        self.text_scale = float(np.clip(rows / 1300, 0.28, 1.5))
        self.text_px = max(1, round(rows / 900))
        self.padding_px = max(1, round(rows / 240))
        self.line_px = max(1, round(rows / 340))
        self.trail_step_px = 2 * self.line_px  # to draw many short pieces takes long
        self.corner_px = self.line_px + max(1, round(rows / 450))
        self.corner_length_px = max(4, round(rows / 60))
        self._measured = lru_cache(TEXTS_KEPT)(self._measure)
        self.bar_px = _even(self._text_size("Tg")[1] + 2 * self.padding_px + 4)
        self._text_y = (self.bar_px + self._text_size("T")[1]) // 2  # in the status bar
        self._label = lru_cache(LABELS_KEPT)(self._new_label)

    def suit(self, canvas: Canvas) -> bool:
        """Pictures of one source may change their size; they seldom do."""
        return (canvas.size, canvas.colours) == (self.size, self._kind)

    def _numbers(self, tracks: Tracks) -> Ids:
        """(N,) of the tracks' colours."""
        return np.asarray(tracks.track_id % len(COLOURS), np.int64)

    def draw_lines(self, canvas: Canvas, tracks: Tracks, trails: Trails) -> None:
        """Boxes, corners of those that were detected, and trails."""
        numbers = self._numbers(tracks)
        xyxy = np.clip(tracks.xyxy, -FAR_PX, FAR_PX).astype(np.int32)
        thin, thick = defaultdict[int, list[Points]](list), defaultdict[int, list[Points]](list)
        ways = trails.ways(tracks.track_id)
        for number, frame, way in zip(numbers.tolist(), _frames(xyxy), ways, strict=True):
            thin[number] += [way, frame]
        seen = tracks.observed
        if seen.any():  # on few frames
            corners = _corners(xyxy[seen], self.corner_length_px)
            for number, four in zip(numbers[seen].tolist(), corners, strict=True):
                thick[number] += list(four)
        for by_colour, width in ((thin, self.line_px), (thick, self.corner_px)):
            for number, lines in by_colour.items():
                canvas.lines(lines, COLOURS[number], width)

    def draw_labels(self, canvas: Canvas, tracks: Tracks, classes: ClassList) -> None:
        if not len(tracks):
            return
        certainty = np.where(np.isnan(tracks.confidence), tracks.score, tracks.confidence)
        texts = [
            f"#{track_id} {classes.names[class_id]} {certain:.2f}"
            for track_id, class_id, certain in zip(
                tracks.track_id.tolist(), tracks.class_id.tolist(), certainty.tolist(), strict=True
            )
        ]
        numbers = self._numbers(tracks).tolist()
        stamps = [self._label(*label) for label in zip(texts, numbers, strict=True)]
        self._paste(canvas, tracks.xyxy, stamps)

    def draw_status(self, canvas: Canvas, state: str, *facts: str) -> None:
        """A dark bar at the top: the state on the left, as many facts as fit on the right."""
        canvas.darken(self.bar_px)
        margin = 2 * self.padding_px + 2
        gap = "   "
        room = self.size[0] - 2 * margin - self._text_size(state + gap)[0]
        self._text(canvas, state, margin)
        for count in range(len(facts), 0, -1):
            text = gap.join(facts[:count])
            width = self._text_size(text)[0]
            if width <= room:
                self._text(canvas, text, self.size[0] - margin - width)
                return

    def _text(self, canvas: Canvas, text: str, x: int) -> None:
        """Text in the status bar."""
        canvas.text(text, (x, self._text_y), FONT, self.text_scale, self.text_px)

    def _text_size(self, text: str) -> tuple[int, int]:
        return self._measured(text.translate(ZEROS))

    def _measure(self, text: str) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(text, FONT, self.text_scale, self.text_px)
        return width, height

    def _new_label(self, text: str, colour: int) -> Stamp:
        """A label. One drawing for many frames."""
        width, height = self._text_size(text)
        padding = self.padding_px
        ink = np.zeros((_even(height + 2 * padding), _even(width + 2 * padding)), np.uint8)
        at = (padding, len(ink) - padding)
        cv2.putText(ink, text, at, FONT, self.text_scale, 255, self.text_px, cv2.LINE_AA)
        return printed(ink, COLOURS[colour], self._kind)

    def _paste(self, canvas: Canvas, xyxy: Boxes, stamps: list[Stamp]) -> None:
        """Put labels above the top left corners of their boxes (N, 4), but into the picture.

        A label that would lie above the picture, or under the status bar, lies inside its box.
        """
        shapes = np.array([stamp[0].shape[:2] for stamp in stamps])  # (N, 2)
        room = np.maximum(self.size[::-1] - shapes, 0)
        corners = xyxy[:, 1::-1] - shapes * (1, 0)  # top, left
        corners = np.clip(corners, (self.bar_px, 0), np.maximum(room, (self.bar_px, 0)))
        corners = corners.astype(int) // 2 * 2
        for (top, left), stamp in zip(corners.tolist(), stamps, strict=True):
            canvas.paste(stamp, left, top)


def _frames(xyxy: NDArray[np.int32]) -> Points:
    """(N, 4) -> (N, 5, 2) around each box."""
    return np.asarray(xyxy[:, [0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].reshape(-1, 5, 2), np.int32)


def _corners(xyxy: NDArray[np.int32], length_px: int) -> Points:
    """(N, 4) -> (N, 4, 3, 2) along each box's corners."""
    x, y = xyxy[:, [0, 2, 2, 0]], xyxy[:, [1, 1, 3, 3]]
    inward = np.array([1, -1, -1, 1]), np.array([1, 1, -1, -1])
    across = np.stack([x + length_px * inward[0], x, x], axis=2)
    down = np.stack([y, y, y + length_px * inward[1]], axis=2)
    return np.asarray(np.stack([across, down], axis=3), np.int32)


def _even(side: int) -> int:
    """A label's and the bar's: the colour of a YUV picture has half its size."""
    return side + side % 2
