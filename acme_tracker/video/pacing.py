"""Streams that come in bursts, given out as evenly as they were filmed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet, VideoStream

MOST_S = 8.0  # from packet to packet; a longer step is a new beginning


class Paced:
    """Packets of a live stream, from `begin` on each when its time has come.

    The first one's is when it is asked for. Who waits for the network waits no less for what
    follows: all of it comes as much later. Who is slow catches up: that delays nothing.

    Args:
        packets: given in this order.
        clock: seconds now.
    """

    def __init__(
        self,
        packets: Iterator[Packet[VideoStream]],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._packets = packets
        self._clock = clock
        self._sleep = sleep
        self._begun = False
        self._delay_s = math.nan  # from a packet's timestamp to when it is due

    def begin(self) -> None:
        """From here on packets are held back; those that came before were wanted at once."""
        self._begun = True

    def __iter__(self) -> Iterator[Packet[VideoStream]]:
        return self

    def __next__(self) -> Packet[VideoStream]:
        asked = self._clock()
        packet = next(self._packets)
        if self._begun and packet.dts is not None and packet.time_base is not None:
            self._hold(float(packet.dts * packet.time_base), asked)
        return packet

    def _hold(self, stamp_s: float, asked: float) -> None:
        now = self._clock()
        late_s = now - (stamp_s + self._delay_s)
        if not abs(late_s) <= MOST_S:
            self._delay_s = now - stamp_s
        elif late_s < 0:
            self._sleep(-late_s)
        else:
            self._delay_s += min(late_s, now - asked)
