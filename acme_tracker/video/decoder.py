"""FFmpeg's decoder through PyAV: raw frames of one video, and why they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from acme_tracker.errors import SourceError
from acme_tracker.video.losses import Losses
from acme_tracker.video.network import (
    LISTS,
    OPEN_TIMEOUT_S,
    READ_TIMEOUT_S,
    is_live,
    open_options,
    scheme_of,
)
from acme_tracker.video.redaction import redact

if TYPE_CHECKING:
    from av import Packet, VideoFrame, VideoStream
    from av.container import InputContainer
    from av.error import FFmpegError

# FFmpeg's threads conceal damage differently from run to run, hold a frame back each, and cost 10 %
# more work; decoding runs beside the tracking anyway.
_THREADS = 1


class Decoder:
    """One video stream, open.

    Attributes:
        live: frames come by the clock.
        problem: why the frames ended, if that was not the end of the video.
        cut: the last packet that came was not whole.
        losses: which frames are missing between those given.
    """

    def __init__(self, word: str, on_damage: Callable[[], None]) -> None:
        self.problem: str | None = None
        self.cut = False
        self.losses = Losses()
        self._shown = redact(word)
        self._on_damage = on_damage
        self.container = _open(word, self._shown)
        try:
            self.stream = _video_stream(self.container, self._shown)
        except BaseException:
            self.close()
            raise
        opened = self.container
        self.live = is_live(scheme_of(word), opened.duration, opened.size, opened.format.name)
        self.stream.codec_context.thread_type = "SLICE"
        self.stream.codec_context.thread_count = _THREADS

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """All packets from here on; `problem` says why they ended too soon."""
        import av

        try:
            yield from self.container.demux(self.stream)
        except av.error.FFmpegError as error:
            self.problem = reason(error)

    def frames(self, packets: Iterable[Packet[VideoStream]] | None = None) -> Iterator[VideoFrame]:
        """All frames from here on, damaged ones in `losses` (`on_damage` is told) or `is_corrupt`.

        Or those of packets that were read from here on.
        """
        import av

        for packet in self.packets() if packets is None else packets:
            if self.cut and packet.size:  # more came after it: damage, not the end
                self._on_damage()
                self.cut = False
            if packet.size and not packet.is_discard:
                self.losses.expect(packet.pts)
            if packet.is_corrupt:
                self.losses.fail(packet.pts)
                self.cut = True
                continue
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                self.losses.fail(packet.pts)
                self._on_damage()
            except av.error.FFmpegError as error:
                self.problem = reason(error)
                return
        if self.problem is not None:  # the packets broke off, and none said that it is the last
            with suppress(av.error.FFmpegError):
                yield from self.stream.decode(None)

    def stamp(self, raw: VideoFrame) -> Fraction | None:
        """A frame's timestamp in seconds, exact."""
        base = raw.time_base or self.stream.time_base
        return None if raw.pts is None or base is None else raw.pts * base

    def claimed_count(self, rate: Fraction) -> int | None:
        """The number of frames that the header promises, or that its duration makes likely."""
        if self.live:
            return None
        if self.stream.frames > 0:
            return self.stream.frames
        seconds = self.container.duration and Fraction(self.container.duration, 1_000_000)
        return round(seconds * rate) if seconds and seconds > 0 else None

    def close(self) -> None:
        self.container.close()


def reason(error: FFmpegError) -> str:
    """What FFmpeg says, without the address that it adds."""
    import av

    if isinstance(error, av.error.ExitError):
        return f"nothing came for {READ_TIMEOUT_S:g} s"
    return (error.strerror or type(error).__name__).rstrip(".").lower()


def _open(word: str, shown: str) -> InputContainer:
    import av

    scheme = scheme_of(word)
    if scheme is None:
        _check_file(Path(word))
    try:
        return av.open(
            word if scheme else f"file:{word}",  # a colon in a file's name is no protocol
            options=open_options(scheme),
            timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S) if scheme else None,
            metadata_errors="replace",
        )
    except av.error.ExitError:
        raise SourceError(
            f"{shown} did not answer within {OPEN_TIMEOUT_S:g} s: check the address and network"
        ) from None
    except av.error.FFmpegError as error:
        todo = "check the address and the password" if scheme else "is it a whole video file?"
        raise SourceError(f"cannot open {shown} as a video: {reason(error)}; {todo}") from None


def _check_file(path: Path) -> None:
    """What FFmpeg would say in riddles."""
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except IsADirectoryError:
        raise SourceError(f"{path} is a folder: a video file was wanted") from None
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise SourceError(f"cannot read the video {path}: {why}; check the path") from None
    if empty:
        raise SourceError(f"{path} is empty (0 bytes): copy or record it again")


def _video_stream(container: InputContainer, shown: str) -> VideoStream:
    from av.stream import Discard, Disposition

    stream = container.streams.best("video")
    # Cover art of music, and text files that FFmpeg would draw as terminal art.
    is_picture = stream is not None and bool(stream.disposition & Disposition.attached_pic)
    if stream is None or is_picture or container.format.name == "tty":
        kinds = sorted({str(other.type) for other in container.streams} - {"video"}) or ["text"]
        raise SourceError(f"{shown} holds no video, only {', '.join(kinds)}: give a video file")
    if container.format.name in LISTS:  # of the same video in several sizes
        decoded = [one for one in container.streams.video if one.codec_context is not None]
        stream = max(decoded, key=lambda one: one.width * one.height, default=stream)
        for other in set(container.streams) - {stream}:
            other.discard = Discard.all  # otherwise all are fetched, as long as one is read
    if stream.codec_context is None:
        raise SourceError(f"{shown}: no decoder for its video; convert it to H.264")
    return stream  # type: ignore[return-value]
