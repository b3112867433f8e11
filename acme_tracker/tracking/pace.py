"""On which frames are objects to be followed? On all, or on fewer while they go as expected."""

from __future__ import annotations

import numpy as np

from acme_tracker.datatypes import Floats

# Of an object's size between where it was expected and where it was followed: in traffic before a
# camera that stands still, three quarters of the objects are off by .01 to .03, at 25 frames/s and
# every second of them followed; by .09 and more if the camera shakes by four pixels.
OFF, MOST = 0.05, 0.75
ROUNDING_S = 1e-3  # by which frames may lie farther apart than told


class Pace:
    """Says when to follow: as seldom as `max_gap_s` while most objects are where they must be.

    In between they move as they did. The frame after a look is one to follow on: what was detected
    anew has no motion yet. At 25 frames/s and 0.08 s this halves the work of following; on the
    rendered clips HOTA changed by less than its chance with the frame looked at first, and without
    the condition a shaking camera took 7 points.

    Args:
        max_gap_s: from one time to the next; 0 for all frames.
    """

    def __init__(self, max_gap_s: float) -> None:
        self._max_gap_s = max_gap_s + ROUNDING_S
        self._passed_s = 0.0
        self._steady = False

    def is_due(self, passed_s: float) -> bool:
        """Whether to follow on a frame that comes so long after the one before.

        Not if the next one, as long after it, is still early enough.
        """
        self._passed_s += passed_s
        return not self._steady or self._passed_s + passed_s > self._max_gap_s

    def follow(self) -> float:
        """Everyone is followed now: seconds since the last time."""
        passed_s, self._passed_s = self._passed_s, 0.0
        return passed_s

    def note(self, off: Floats) -> None:
        """How far objects (N,) were from where they were expected, in shares of their sizes."""
        self._steady = not len(off) or float(np.quantile(off, MOST)) < OFF

    def look(self) -> None:
        """The detector has looked: follow on the next frame."""
        self._steady = False
