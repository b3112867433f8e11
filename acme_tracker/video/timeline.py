"""Timestamps of a container -> seconds from the first frame, which never go back.

Arithmetic only: no video is touched here. All times inside are exact fractions of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

MAX_STEP_S = 3600  # between two frames; a longer one is a broken timestamp, not a pause
MIN_STEP_S = Fraction(1, 1_000_000)  # a shorter one is no time between frames, and lost in floats
FALLBACK_RATE = Fraction(25)
_COMMON_RATES = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)) + tuple(
    Fraction(n) for n in range(1, 241)
)
_SAME_RATE = Fraction(1, 2000)  # 60.0002 means 60; 29.97 does not mean 30
_SLOWEST, _FASTEST = Fraction(1, 100), Fraction(300)


def sane_rate(*claims: Fraction | None) -> Fraction:
    """The first claimed frame rate that a camera may have, tidied; 25 where none is."""
    for claim in claims:
        if claim is not None and _SLOWEST <= claim <= _FASTEST:
            near = min(_COMMON_RATES, key=lambda rate: abs(rate - claim))
            return near if abs(near - claim) <= near * _SAME_RATE else claim
    return FALLBACK_RATE


def trustworthy(stamps: Sequence[Fraction | None]) -> bool:
    """Whether a video's first timestamps increase; one slip in ten is forgiven."""
    faults = sum(stamp is None for stamp in stamps[:1])
    for before, after in pairwise(stamps):
        faults += before is None or after is None or not _is_step(after - before)
    return faults <= len(stamps) // 10


def _is_step(passed_s: Fraction) -> bool:
    """Whether so much time may pass between two frames."""
    return MIN_STEP_S <= passed_s <= MAX_STEP_S


class Timeline:
    """Gives each frame its time, in seconds.

    Args:
        rate: frames a second, to fill in what is missing.
        origin: timestamp of the source's first frame; None: frames are placed by `rate`, or by
            `clock` if there is one, and their timestamps are not looked at.
        clock: seconds now, for live sources without timestamps.

    Attributes:
        faults: how many timestamps were missing or out of order, and filled in.
    """

    def __init__(
        self,
        rate: Fraction,
        origin: Fraction | None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.faults = 0
        self._step = 1 / rate
        self._by_stamps = origin is not None
        self._offset = -(origin or Fraction(0))
        self._clock = None if self._by_stamps else clock
        self._clock_start = 0.0
        self._last: Fraction | None = None
        self._stray: Fraction | None = None  # the previous timestamp, if it was out of order

    def time_of(self, stamp: Fraction | None) -> float:
        """The time of the next frame, which carries this timestamp."""
        if self._clock is not None:
            self._last = self._by_clock(self._clock())
        elif self._by_stamps:
            self._last = self._by_stamp(stamp)
        else:
            self._last = self._next()
        return float(self._last)

    def skip(self, count: int) -> None:
        """Frames are missing before the next one: they take their time where none is told."""
        if self._clock is None and not self._by_stamps and self._last is not None:
            self._last += count * self._step

    def _next(self) -> Fraction:
        return Fraction(0) if self._last is None else self._last + self._step

    def _by_clock(self, now: float) -> Fraction:
        if self._last is None:
            self._clock_start = now
            return Fraction(0)
        return max(Fraction(now - self._clock_start), self._last + Fraction(1, 1000))

    def _by_stamp(self, stamp: Fraction | None) -> Fraction:
        if stamp is None:
            self.faults += 1
            return self._next()
        time = stamp + self._offset
        if self._last is None:
            return max(time, Fraction(0))
        if _is_step(time - self._last):
            self._stray = None
            return time
        self.faults += 1
        # Two strays that follow each other: the counter was reset. One alone is a slip.
        if self._stray is not None and _is_step(stamp - self._stray):
            self._offset = self._last - self._stray
            self._stray = None
            return stamp + self._offset
        self._stray = stamp
        return self._next()
