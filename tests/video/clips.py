"""Small videos made on the fly: frame `n` is a grey of its own, so that it can be told again."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from acme_tracker.config import SourceSettings
from acme_tracker.frames import Frame, Image, Luma
from acme_tracker.video.sources import open_source

TICKS = 90_000
DEFAULTS = SourceSettings()


def brightness(number: int) -> int:
    return 40 + 7 * (number % 25)


def picture(number: int, size: tuple[int, int] = (96, 64), noise: int = 0) -> Image:
    """Grey, with a white block at the top left that tells how it was turned."""
    image = np.full((size[1], size[0], 3), brightness(number), np.uint8)
    if noise:  # about the same grey, in many more bytes
        grain = np.random.default_rng(number).integers(-noise, noise + 1, (*image.shape[:2], 1))
        image = (image + grain).clip(0, 255).astype(np.uint8)
    image[: size[1] // 4, : size[0] // 4] = 255
    return image


def number_of(image: Image | Luma) -> int:
    """The number, up to 24, of the picture that has this brightness."""
    return round((float(np.median(image)) - 40) / 7)


def write_clip(
    path: Path,
    times_s: Sequence[float] | int = 25,
    size: tuple[int, int] = (96, 64),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    container_options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    keyframe_every: int = 5,
    noise: int = 0,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """A clip of numbered pictures at the given times, or of so many at 25 a second."""
    import av

    times = [n / 25 for n in range(times_s)] if isinstance(times_s, int) else times_s
    with av.open(str(path), "w", options=container_options or {}) as out:
        out.metadata.update(metadata or {})
        stream = out.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.gop_size = keyframe_every
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        base = Fraction(1, 25) if codec in ("mpeg4", "mjpeg") else Fraction(1, TICKS)
        stream.codec_context.time_base = base
        for number, time_s in enumerate(times):
            raw = av.VideoFrame.from_ndarray(picture(number, size, noise), format="bgr24")
            raw.pts, raw.time_base = round(Fraction(time_s) / base), base
            out.mux(stream.encode(raw.reformat(format=pix_fmt)))
        out.mux(stream.encode(None))
    return path


def turn(path: Path, clockwise: int) -> None:
    """Write a rotation into an MP4's track header, as phones do."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise]
    one = 1 << 16
    matrix = struct.pack(">9i", cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = matrix
    path.write_bytes(data)


def read(word: object, settings: SourceSettings = DEFAULTS) -> list[Frame]:
    with open_source(str(word), settings) as source:
        return list(source)
