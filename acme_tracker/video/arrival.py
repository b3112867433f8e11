"""What packets tell before they are decoded: when a live stream sent them, and frames' times."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from av import Packet, VideoStream

MOST_S = 8  # more than FFmpeg keeps of a stream to learn what it is, or servers send at once
_MOST_PACKETS = 1000
_UNSTAMPED = 3
_REORDERED = 16  # frames that may be decoded before an earlier one: no codec allows more
Raw = TypeVar("Raw")


def first_stamped(raws: Iterator[Raw], stamp: Callable[[Raw], Fraction | None]) -> list[Raw]:
    """A stream's first frame with a timestamp, or its first frames, if none of them has any.

    The very first of RTSP often has none, which says nothing of the others.
    """
    found = []
    for raw in islice(raws, _UNSTAMPED):
        if stamp(raw) is not None:
            return [raw]
        found.append(raw)
    return found


def told_times(packet: Packet[VideoStream], last_dts: int | None) -> tuple[int, int] | None:
    """A whole packet's times of being shown and decoded (pts, dts), as it tells them.

    None where it is damaged, lacks one, or is decoded no later than the packet before it.
    """
    if packet.pts is None or packet.dts is None or packet.is_corrupt or packet.is_discard:
        return None
    if last_dts is not None and packet.dts <= last_dts:
        return None
    return packet.pts, packet.dts


class Arrivals:
    """The packets of a video, some of them read before they are asked for.

    Args:
        packets: given in this order.
        clock: seconds now.
    """

    def __init__(
        self, packets: Iterator[Packet[VideoStream]], clock: Callable[[], float] = time.time
    ) -> None:
        self._packets = packets
        self._clock = clock
        self._ahead: deque[Packet[VideoStream]] = deque()

    def __iter__(self) -> Iterator[Packet[VideoStream]]:
        return self

    def __next__(self) -> Packet[VideoStream]:
        return self._ahead.popleft() if self._ahead else next(self._packets)

    def first_stamps(self, count: int) -> list[Fraction] | None:
        """Timestamps in seconds of a recording's first frames, `count` at most, in order of time.

        None where its packets do not tell: timestamps missing or out of order, damage.
        """
        first = list(islice(self._packets, count + _REORDERED))
        self._ahead.extend(first)
        stamps, last_dts = [], None
        for packet in first:
            if not packet.size:  # the last one says that it is over
                continue
            times = told_times(packet, last_dts)
            if times is None or packet.time_base is None:
                return None
            pts, last_dts = times
            stamps.append(pts * packet.time_base)
        return sorted(stamps)[:count]

    def sent_at(self, origin: Fraction, step_s: float) -> float:
        """The clock when the frame of timestamp `origin` was sent, `step_s` before the next one.

        What a stream sent while it was opened, or sends of its past, is there at once: only the
        first packet that must be waited for is as new as its timestamp. MOST_S of them are read at
        most: an HLS list may hold half a minute, and its next segment may take long to come.
        """
        found = before = self._clock()
        for packet in islice(self._packets, _MOST_PACKETS):
            self._ahead.append(packet)
            now = self._clock()
            if packet.pts is None or packet.time_base is None:
                break
            passed_s = float(packet.pts * packet.time_base - origin)
            if passed_s > MOST_S:
                break
            found = min(found, now - max(0.0, passed_s))
            if now - before > step_s / 2:
                break
            before = now
        return found
