"""H.264 files that browsers play, that carry true times, and that survive a killed run."""

from __future__ import annotations

import contextlib
import struct
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Self

from acme_tracker.errors import OutputError
from acme_tracker.frames import Image
from acme_tracker.resources import usable_cores
from acme_tracker.yuv import DEFAULT, FULL_RANGE, LIMITED_RANGE, Colours, Yuv

if TYPE_CHECKING:
    from av import VideoFrame
    from av.error import FFmpegError

COPIED_BYTES = 4 << 30  # larger files keep their fragments
_TICKS_PER_S = 90_000
_KEYFRAME_TICKS = _TICKS_PER_S  # a keyframe a second: where players can enter
_FRAGMENT_US = 500_000  # half a second is lost at most when the run is killed, and what is encoded
# Blocks of next to nothing are written, not weighed: an eighth less work at any preset, for 3 to
# 8 % more bytes and 0.1 to 0.4 dB more.
_FASTER = {"x264-params": "no-dct-decimate=1"}
_COARSEST = 51
_MOST_THREADS = 4  # each holds a frame back, which a killed run loses


class VideoWriter:
    """Writes pictures with their times to an MP4 file (H.264, yuv420p).

    Times count from the first picture; equal or earlier ones are moved just behind the one before.
    While it is written the file consists of fragments and can be read at any moment, also after
    SIGKILL; `close` puts its index in front by copying it. If that fails, or the file is larger
    than COPIED_BYTES, the fragments stay. (FFmpeg's hybrid fragments get an index without a copy,
    and keep a day's in 200 MB of memory until then.)
    No frame is predicted from a later one: a file of 7 % more bytes needs no reordering, so times
    start at 0 in every player.

    Args:
        path: of the file; its folder is made.
        size: (width, height); an odd side is padded by repeating its last row or column.
        frame_rate: nominal, for the encoder's planning.
        preset: of x264, "ultrafast" to "medium".
        crf: quality, 0 (lossless) to 51. With "ultrafast" the quantiser is constant, and one more.
        colours: of the file; YUV pictures must have these.
        index_in_front: False leaves the fragments, which play as well: to copy a file of days takes
            long, and twice the space.
        pixel_aspect: width of a pixel over its height; None: as good as square, and not said.

    Raises:
        OutputError: the file cannot be written (any more).
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        frame_rate: float = 25,
        preset: str = "veryfast",
        crf: int = 23,
        colours: Colours = DEFAULT,
        index_in_front: bool = True,
        pixel_aspect: Fraction | None = None,
    ) -> None:
        import av

        self.path = path
        self._index_in_front = index_in_front
        self._size = size
        self._colours = colours
        self._first_s: float | None = None
        self._last_tick = -1
        self._next_keyframe = 0
        rate = Fraction(frame_rate).limit_denominator(1001)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(
                f"file:{path}",
                "w",
                format="mp4",
                options={
                    "movflags": "empty_moov+default_base_moof+frag_keyframe",
                    "frag_duration": str(_FRAGMENT_US),
                    "flush_packets": "1",
                },
            )
        except (OSError, av.error.FFmpegError) as error:
            raise self._error(error) from None
        options = {"preset": preset, **_quality(preset, crf), "bf": "0", **_FASTER}
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height = size[0] + size[0] % 2, size[1] + size[1] % 2
        self._stream.pix_fmt = "yuv420p"
        codec = self._stream.codec_context
        codec.thread_count = min(usable_cores(), _MOST_THREADS)
        codec.time_base = self._stream.time_base = Fraction(1, _TICKS_PER_S)
        codec.colorspace = colours.matrix
        codec.color_range = FULL_RANGE if colours.full_range else LIMITED_RANGE
        codec.sample_aspect_ratio = pixel_aspect or Fraction(0)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, picture: Image | Yuv, time_s: float) -> None:
        """Add a picture of the writer's size, BGR (H, W, 3) or YUV, shown from `time_s` on."""
        raw = self._convert(picture)
        if self._first_s is None:
            self._first_s = time_s
        tick = max(round((time_s - self._first_s) * _TICKS_PER_S), self._last_tick + 1)
        raw.pts, raw.time_base = tick, Fraction(1, _TICKS_PER_S)
        self._last_tick = tick
        if tick >= self._next_keyframe:
            raw.pict_type = 1  # I
            self._next_keyframe = tick + _KEYFRAME_TICKS
        self._encode(raw)

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._encode(None)
        finally:
            self._close_container()
        if self._index_in_front and self._last_tick >= 0:
            _put_index_in_front(self.path)

    def _convert(self, picture: Image | Yuv) -> VideoFrame:
        import av

        if isinstance(picture, Yuv):
            got = picture.size
            wanted: tuple[int, int] = (self._stream.width, self._stream.height)
        else:
            got, wanted = (picture.shape[1], picture.shape[0]), self._size
        if got != wanted:
            raise ValueError(f"picture must be {wanted} (width, height), got {got}")
        yuv = picture if isinstance(picture, Yuv) else Yuv.of_image(picture, self._colours)
        if yuv.size[1] % 4:  # PyAV takes the buffer to hold whole fours of rows
            return av.VideoFrame.from_ndarray(yuv.pixels, format="yuv420p")
        return av.VideoFrame.from_numpy_buffer(yuv.pixels, format="yuv420p")

    def _encode(self, raw: VideoFrame | None) -> None:
        import av

        try:
            for packet in self._stream.encode(raw):
                self._container.mux(packet)
        except (OSError, av.error.FFmpegError) as error:
            self._closed = True
            self._close_container()
            _drop_half_fragment(self.path)
            raise self._error(error) from None

    def _close_container(self) -> None:
        """A container that could not be written to may not be able to finish either."""
        import av

        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._container.close()

    def _error(self, error: OSError | FFmpegError) -> OutputError:
        why = (error.strerror or type(error).__name__).lower()
        return OutputError(
            f"cannot write the video {self.path}: {why}; "
            "free some space, or give another folder or --no-video"
        )


def _quality(preset: str, crf: int) -> dict[str, str]:
    """Options of x264 for a quality.

    To find the quantiser of each frame, x264 looks through it once before it encodes it. At
    "ultrafast" that is a fifth to a third of all its work, to vary next to nothing: the sizes and
    the quality of the quantiser held constant lie on the same curve (six clips, crf 18 to 28).
    """
    if crf == 0:
        return {"crf": "0", "profile": "high444"}  # the only one that knows lossless
    if preset == "ultrafast":
        return {"qp": str(min(crf + 1, _COARSEST)), "profile": "high"}
    return {"crf": str(crf), "profile": "high"}


def _drop_half_fragment(path: Path) -> None:
    """Cut a fragmented MP4 behind its last whole fragment: the rest would be a broken picture."""
    with contextlib.suppress(OSError):
        size, end, whole = path.stat().st_size, 0, 0
        with path.open("r+b") as file:
            while len(head := file.read(8)) == 8:
                length, kind = struct.unpack(">I4s", head)
                end += length
                if end > size or length < 8:
                    break
                if kind in (b"moov", b"mdat"):
                    whole = end
                file.seek(end)
            if path.is_file():
                file.truncate(whole)


def _put_index_in_front(path: Path) -> None:
    """Copy the packets of a fragmented MP4 into a plain one, and let it take the file's place."""
    import av

    part = unfinished(path)
    unprobed = {"fpsprobesize": "0"}  # no frame is decoded to guess a frame rate by
    try:
        if path.stat().st_size > COPIED_BYTES:
            return
        with (
            av.open(f"file:{path}", options=unprobed) as fragments,
            av.open(f"file:{part}", "w", format="mp4", options={"movflags": "faststart"}) as plain,
        ):
            stream = fragments.streams.video[0]
            copy = plain.add_stream_from_template(stream)
            for packet in fragments.demux(stream):
                if packet.size:
                    packet.stream = copy
                    plain.mux(packet)
        part.replace(path)
    except (OSError, av.error.FFmpegError):  # the disk is full, say: the fragments play as well
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """Where the copy of a video grows until it takes the video's place; a killed run leaves it."""
    return path.with_name(f".{path.name}.part")
