"""How often may a camera's detector look? As often as tracking keeps pace."""

from __future__ import annotations

from acme_tracker.frames import Frame

LOAD = (0.7, 0.9)  # of the time between frames: below, the detector rests less; above, longer
LONGEST_REST_S = 2.0


class Governor:
    """Lets the detector rest after a look, for as long as the tracker needs to keep pace.

    The detector runs beside the tracker, and takes processor time from it. A look after which
    frames took nearly all the time there is, or much of it and some were dropped, doubles the rest;
    one after which there was time to spare halves it. Where there was, missing frames were not
    dropped: the network lost them, or they came damaged.
    """

    def __init__(self) -> None:
        self.rest_s = 0.0
        self._last: Frame | None = None
        self._busy_s = 0.0  # since the last look began, likewise below
        self._due_s = 0.0
        self._missing = 0
        self._until_s = 0.0

    def note(self, frame: Frame, busy_s: float) -> None:
        """A frame was done, and took `busy_s`."""
        if self._last is not None:
            frames = frame.index - self._last.index
            self._missing += frames - 1
            self._due_s += (frame.time_s - self._last.time_s) / max(1, frames)
            self._busy_s += busy_s
        self._last = frame

    def rested(self, frame: Frame) -> bool:
        """Whether the detector may look at this frame."""
        return frame.time_s >= self._until_s

    def looked(self, frame: Frame, took_s: float) -> None:
        """A look that took `took_s` was answered on this frame."""
        spare, full = (share * self._due_s for share in LOAD)
        if self._busy_s < spare:
            self.rest_s = self.rest_s / 2 if self.rest_s > took_s / 4 else 0.0
        elif self._missing or self._busy_s > full:
            self.rest_s = min(max(2 * self.rest_s, took_s), LONGEST_REST_S)
        self._until_s = frame.time_s + self.rest_s
        self._busy_s, self._due_s, self._missing = 0.0, 0.0, 0
