"""Where frames are missing of which only the packets came. No video is touched here."""

from __future__ import annotations

from collections import deque

_LATEST = 32  # more than any decoder holds back


class Losses:
    """Packets of one stream against the frames that they gave, by their timestamps.

    A packet may give no frame and be whole: some codecs send pictures that are not to be shown. So
    a gap counts only where a packet in it failed, or once one did in a stream that had no gap until
    then: what cannot be decoded without it is often left out in silence.
    """

    def __init__(self) -> None:
        self._due: dict[int, bool] = {}  # timestamps not shown yet, as decoded: whether it failed
        self._unplaced = 0  # failed without a timestamp
        self._last: int | None = None
        self._gapless = True
        self._damaged = False
        self._counted = deque[int](maxlen=_LATEST)

    def expect(self, pts: int | None) -> None:
        """A packet goes to the decoder."""
        if pts is None:
            return
        self._due[pts] = False
        if pts in self._counted:  # timestamps began anew
            self._counted.remove(pts)

    def fail(self, pts: int | None) -> None:
        """A packet cannot be decoded."""
        if pts is None:
            self._unplaced += 1
        else:
            self._due[pts] = True

    def before(self, pts: int | None) -> int | None:
        """How many frames are missing between the one asked about last and this, the next shown.

        0 for the first: the video begins there. None: this one was counted as missing before; after
        damage some decoders give what they still hold behind what is to be shown later.
        """
        if pts in self._counted:
            return None
        first, missing = self._last is None, self._pop_missing(pts)
        unplaced, self._unplaced = self._unplaced, 0
        if pts is not None:
            self._last = pts
        if first:
            return 0
        failed = any(missing.values())
        self._damaged |= failed
        if missing and not failed and not (self._damaged and self._gapless):
            self._gapless = False
            return unplaced
        self._counted.extend(missing)
        return unplaced + len(missing)

    def _pop_missing(self, pts: int | None) -> dict[int, bool]:
        """What should have been shown before this frame, and whether it failed."""
        if pts is None:
            return {}
        if self._last is not None and pts <= self._last:  # timestamps begin anew
            order = list(self._due)
            earlier = order[: order.index(pts)] if pts in self._due else []
        else:
            earlier = [due for due in self._due if due < pts]
        self._due.pop(pts, None)
        return {due: self._due.pop(due) for due in earlier}
