"""Video files and network streams, through PyAV."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.video.arrival import Arrivals, first_stamped
from acme_tracker.video.base import BaseSource
from acme_tracker.video.decoder import Decoder
from acme_tracker.video.network import LISTS, scheme_of
from acme_tracker.video.pacing import Paced
from acme_tracker.video.pixels import Pixels
from acme_tracker.video.redaction import redact, safe_name, spelled_out
from acme_tracker.video.seeking import jump, timestamps_before
from acme_tracker.video.start_time import recording_start
from acme_tracker.video.timeline import Timeline, sane_rate, trustworthy
from acme_tracker.video.truncation import is_cut_off

if TYPE_CHECKING:
    from av import VideoFrame

# Frames of a recording whose timestamps it is judged by, before any is given: as few as forgive one
# slip.
_HEAD = 10
# Containers whose packets say when their frames are shown; of others FFmpeg works it out.
_TELLING = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
_DURATION_IS_MEASURED = ("mpegts", "mpeg")  # at the end of what is there: it promises nothing
_WITHOUT_TIMES = ("mpjpeg",)  # FFmpeg invents 25 frames a second


class VideoSource(BaseSource):
    """A video file, or a stream by RTSP, HTTP(S), HLS and their like.

    Frames are counted as the decoder gives them; damaged ones count and are left out, also those of
    which only the packet came. With `start_s` a recording is entered at the keyframe before, found
    and counted from its packets; where these do not tell (damage, timestamps missing or out of
    order) it is decoded from the beginning.
    Network waits end by themselves after `network.READ_TIMEOUT_S`.
    """

    def __init__(self, word: str, settings: SourceSettings) -> None:
        super().__init__(word, settings)
        self._shown = redact(word)
        self._decoder: Decoder | None = None
        self._head: deque[VideoFrame] = deque()
        self._arrivals = Arrivals(iter(()))
        self._paced = Paced(self._arrivals)
        self._raws: Iterator[VideoFrame] = iter(())
        self._next_index = 0

    def _open(self) -> SourceInfo:
        decoder, stamps = self._start()
        stream = decoder.stream
        self._rate = sane_rate(stream.average_rate, stream.guessed_rate)
        self._claimed = decoder.claimed_count(self._rate)
        self._pixels = Pixels(self._head[0])
        pixel_aspect = self._pixels.aspect(stream.sample_aspect_ratio)  # later it may be closed
        origin = stamps[0] if self._has_times(decoder, stamps) else None
        self._timeline = Timeline(self._rate, origin, time.monotonic if decoder.live else None)
        if origin is not None and self.settings.start_s > 0 and not decoder.live:
            self._enter_later(decoder, origin)
        return SourceInfo(
            source_id=self._shown,
            name=self._name(),
            size=self._pixels.size,
            frame_rate=float(self._rate),
            frame_count=self._expected(self._claimed, float(self._rate)),
            started_at=self._started_at(origin),
            live=decoder.live,
            pixel_aspect=pixel_aspect,
            file=self._file(),
        )

    def _start(self) -> tuple[Decoder, Sequence[Fraction | None]]:
        """A decoder at the beginning, one frame or some in `_head`; timestamps to judge it by.

        Those of a recording's first frames come from its packets, where these tell them: to decode
        ten frames first takes 50 ms at 1280x720.
        """
        self._decoder = decoder = Decoder(self.word, self._warn_of_damage)
        self._next_index = 0
        self._arrivals = Arrivals(decoder.packets())
        self._paced = Paced(self._arrivals)
        self._raws = decoder.frames(self._paced)
        tells = not decoder.live and decoder.container.format.name in _TELLING
        told = self._arrivals.first_stamps(_HEAD) if tells else None
        first = first_stamped(self._raws, decoder.stamp) if decoder.live else islice(self._raws, 1)
        self._head = deque(first)
        if not self._head:
            why = decoder.problem or "none can be decoded"
            raise SourceError(f"{self._shown} gives no frame: {why}; is it a whole video?")
        if told and told[0] == decoder.stamp(self._head[0]):
            return decoder, told
        if not decoder.live:
            self._fill_head()
        return decoder, [decoder.stamp(raw) for raw in self._head]

    def _fill_head(self) -> None:
        self._head.extend(islice(self._raws, _HEAD - len(self._head)))

    def _has_times(self, decoder: Decoder, stamps: Sequence[Fraction | None]) -> bool:
        if decoder.container.format.name in _WITHOUT_TIMES or not trustworthy(stamps):
            if not decoder.live:
                self._warn_of_times()
            return False
        return True

    def _enter_later(self, decoder: Decoder, origin: Fraction) -> None:
        """Move to the last keyframe before `start_s`, or back to the beginning where that fails."""
        base = decoder.stream.time_base or Fraction(1)
        start = ceil((origin + Fraction(self.settings.start_s)) / base)
        self._fill_head()
        head = [raw.pts for raw in self._head]
        decoder.close()
        self._head.clear()
        scout = self._decoder = Decoder(self.word, self._warn_of_damage)
        known = timestamps_before(scout, start)
        # Not every packet is a frame: where the first ones do not match, the count would be wrong.
        if known is not None and known[0][: len(head)] == head[: len(known[0])]:
            found = jump(scout, *known, start)
            if found is not None:
                self._next_index, self._raws = found
                return
        scout.close()
        self._start()

    def _frames(self) -> Iterator[Frame]:
        if self._of_decoder.live and self._of_decoder.container.format.name in LISTS:
            self._paced.begin()
        for raw in self._all_raws():
            missing = self._of_decoder.losses.before(raw.pts)
            if missing is None:
                continue
            self._timeline.skip(missing)
            index = self._next_index + missing
            self._next_index = index + 1
            time_s = self._timeline.time_of(self._of_decoder.stamp(raw))
            if self._timeline.faults:
                self._warn_of_times()
            if raw.is_corrupt:
                self._warn_of_damage()
                continue
            if not self._pixels.fits(raw):
                self._warn("size", f"{self._shown} changes its picture size: frames are scaled")
            yield self._pixels.frame(self._shown, index, time_s, raw)
        self._check_end()

    def _all_raws(self) -> Iterator[VideoFrame]:
        while self._head:
            yield self._head.popleft()
        yield from self._raws

    def _check_end(self) -> None:
        """SourceError unless the video ended as it should."""
        decoder, count, claimed = self._of_decoder, self._next_index, self._claimed
        problem = decoder.problem
        if decoder.live:
            why = problem or "its sender stopped"
            raise SourceError(f"{self._shown} ended after {count} frames: {why}")
        if decoder.container.format.name in _DURATION_IS_MEASURED:
            claimed = None
        whole = claimed is not None and count >= claimed
        if problem or ((decoder.cut or self._is_cut_off()) and not whole):
            of = "" if claimed is None or whole else f" of about {claimed}"
            why = problem or "the file is cut off"
            raise SourceError(
                f"{self._shown} ends early: {count}{of} frames ({why}); copy or record it again"
            )

    def _is_cut_off(self) -> bool:
        if scheme_of(self.word) is None:
            return is_cut_off(Path(self.word))
        return self._claimed is not None and self._next_index < 0.9 * self._claimed

    def _close(self) -> None:
        self._head.clear()
        self._arrivals = Arrivals(iter(()))
        self._raws = iter(())
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    @property
    def _of_decoder(self) -> Decoder:
        if self._decoder is None:
            raise RuntimeError("the source was closed while its frames were read")
        return self._decoder

    def _file(self) -> str | None:
        return None if scheme_of(self.word) else spelled_out(str(Path(self.word).resolve()))

    def _name(self) -> str:
        if scheme_of(self.word) is None:
            return safe_name(Path(self.word).stem)
        return safe_name(self.word)

    def _started_at(self, origin: Fraction | None) -> datetime | None:
        decoder, given = self._of_decoder, self.settings.start_time
        if decoder.live and given is None:
            if origin is None:  # times are those at which frames are asked for
                return datetime.now(UTC)
            sent_at = self._arrivals.sent_at(origin, float(1 / self._rate))
            return datetime.fromtimestamp(sent_at, UTC)
        is_url = scheme_of(self.word) is not None
        file_name = PurePosixPath(urlsplit(self.word).path).name if is_url else Path(self.word).name
        metadata = {**decoder.stream.metadata, **decoder.container.metadata}
        return recording_start(given, metadata, file_name)

    def _warn_of_damage(self) -> None:
        self._warn("damage", f"{self._shown} is damaged: frames that cannot be read are left out")

    def _warn_of_times(self) -> None:
        self._warn(
            "times",
            f"{self._shown} has wrong or missing timestamps: "
            f"filled in at {float(self._rate):g} frames a second",
        )
