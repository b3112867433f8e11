"""When a live stream's frames were sent; the clock goes by what a test says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from acme_tracker.video.arrival import MOST_S, Arrivals, first_stamped

NOW = 1000.0


class Sender:
    """Packets of 25 frames a second, by their timestamps; what is not there yet takes time."""

    def __init__(self, pts: Sequence[int | None], at_once: int) -> None:
        self.now = NOW
        self.read = 0
        self._pts, self._at_once = pts, at_once

    def clock(self) -> float:
        return self.now

    def packets(self) -> Iterator[Any]:
        for number, pts in enumerate(self._pts):
            if number >= self._at_once:
                self.now += 0.04
            self.read += 1
            yield SimpleNamespace(pts=pts, time_base=Fraction(1, 25))


@pytest.mark.parametrize("at_once", [0, 1, 30, 100])
def test_what_is_there_at_once_was_sent_before(at_once: int) -> None:
    sender = Sender(range(1, 200), at_once)  # frame 0 was decoded
    found = Arrivals(sender.packets(), sender.clock).sent_at(Fraction(0), 0.04)
    assert found == pytest.approx(NOW - at_once / 25)
    assert sender.read == at_once + 1


def test_packets_read_ahead_are_given_in_order() -> None:
    sender = Sender(range(40), 30)
    arrivals = Arrivals(sender.packets(), sender.clock)
    first = next(arrivals)
    arrivals.sent_at(Fraction(0), 0.04)
    assert [packet.pts for packet in (first, *arrivals)] == list(range(40))


def test_no_more_than_some_seconds_are_read_ahead() -> None:
    sender = Sender(range(10_000), 10_000)
    found = Arrivals(sender.packets(), sender.clock).sent_at(Fraction(0), 0.04)
    assert found == pytest.approx(NOW - MOST_S)
    assert sender.read < 25 * MOST_S + 3


@pytest.mark.parametrize("pts", [[], [None], [10**9], [-5, -3]])
def test_where_timestamps_tell_nothing_it_is_now(pts: list[int | None]) -> None:
    sender = Sender(pts, 10)
    assert Arrivals(sender.packets(), sender.clock).sent_at(Fraction(0), 0.04) == NOW


def test_frames_that_are_shown_before_ones_sent_earlier_do_not_make_it_late() -> None:
    sender = Sender([4, 2, 1, 3, 8, 6, 5, 7], 5)
    assert Arrivals(sender.packets(), sender.clock).sent_at(Fraction(0), 0.04) == NOW - 0.32


@pytest.mark.parametrize(
    ("stamps", "first", "left"),
    [
        ([1, 2, 3], [1], 2),
        ([None, 2, 3], [2], 1),
        ([None] * 5, [None] * 3, 2),
        ([None], [None], 0),
        ([], [], 0),
    ],
)
def test_a_stream_begins_with_its_first_timestamp_if_that_comes_soon(
    stamps: list[int | None], first: list[int | None], left: int
) -> None:
    raws = iter(stamps)
    assert first_stamped(raws, lambda raw: None if raw is None else Fraction(raw)) == first
    assert len(list(raws)) == left


def packet(pts: int | None, dts: int | None, **more: Any) -> Any:
    plain = {"size": 9, "is_corrupt": False, "is_discard": False, "time_base": Fraction(1, 25)}
    return SimpleNamespace(pts=pts, dts=dts, **{**plain, **more})


def test_packets_tell_when_the_first_frames_are_shown() -> None:
    shown = [0, 4, 2, 1, 3, 8, 6, 5, 7]
    packets = [packet(pts, dts - 2) for dts, pts in enumerate(shown)]
    packets.append(packet(None, None, size=0))  # that it is over
    arrivals = Arrivals(iter(packets))
    assert arrivals.first_stamps(5) == [Fraction(n, 25) for n in range(5)]
    assert list(arrivals) == packets


@pytest.mark.parametrize(
    "odd",
    [
        packet(None, 1),
        packet(1, None),
        packet(1, 0),  # again
        packet(1, 1, is_corrupt=True),
        packet(1, 1, is_discard=True),
        packet(1, 1, time_base=None),
    ],
)
def test_a_packet_that_is_not_as_it_should_be_tells_nothing(odd: Any) -> None:
    packets = [packet(0, 0), odd, packet(2, 2)]
    arrivals = Arrivals(iter(packets))
    assert arrivals.first_stamps(10) is None
    assert list(arrivals) == packets


def test_of_a_long_video_only_the_beginning_is_read() -> None:
    packets = iter([packet(n, n) for n in range(1000)])
    assert Arrivals(packets).first_stamps(10) == [Fraction(n, 25) for n in range(10)]
    assert len(list(packets)) > 900
