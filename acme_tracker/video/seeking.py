"""Enters a recording at a later time without decoding what lies before, and still counts frames."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from acme_tracker.video.arrival import told_times
from acme_tracker.video.decoder import Decoder

if TYPE_CHECKING:
    from av import VideoFrame

_MARGINS_S = (0, 10, 60)  # some containers land behind the wanted keyframe: ask for an earlier one


Places = set[tuple[int, int | None]]  # a keyframe's timestamp, and its packet's byte in the file


def timestamps_before(decoder: Decoder, start: int) -> tuple[list[int], Places] | None:
    """Timestamps of all frames before `start` (in the stream's time base), in order of time.

    And the places of the keyframes up to there.

    Reads packets from the beginning and decodes none. None where packets do not tell: timestamps
    missing or out of order, damage, or no packet as late as `start`.
    """
    stamps: list[int] = []
    places: Places = set()
    last_dts = None
    for packet in decoder.packets():
        times = told_times(packet, last_dts)
        if times is None:
            return None
        pts, last_dts = times
        if packet.is_keyframe:
            places.add((pts, packet.pos))
        if last_dts >= start:  # frames are decoded before they are shown: none earlier follows
            stamps.sort()
            distinct = len(set(stamps)) == len(stamps)
            return (stamps, places) if distinct else None
        if pts < start:
            stamps.append(pts)
    return None


def jump(
    decoder: Decoder, stamps: Sequence[int], places: Places, start: int
) -> tuple[int, Iterator[VideoFrame]] | None:
    """Go to the last keyframe before `start`: (its index, the frames from it on).

    Where timestamps start anew in the same file, as in joined ones, a search by time may end in
    another part of it, at the same timestamp: only keyframes seen at these places count.
    None where that fails; the decoder then stands anywhere: open a new one.
    """
    import av

    base = decoder.stream.time_base
    if base is None:
        return None
    for margin_s in _MARGINS_S:
        try:
            decoder.container.seek(start - int(margin_s / base), stream=decoder.stream)
        except av.error.FFmpegError:
            return None
        packets = decoder.packets()
        entry = next((packet for packet in packets if packet.is_keyframe), None)
        if entry is None or (entry.pts, entry.pos) not in places:
            continue
        frames = decoder.frames(chain([entry], packets))
        raw = next(frames, None)
        if raw is None or raw.pts is None or not raw.key_frame:
            continue
        index = bisect_left(stamps, raw.pts)
        known = index < len(stamps) and stamps[index] == raw.pts
        if known or raw.pts == start:
            return index, chain([raw], frames)
    return None
