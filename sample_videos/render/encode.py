"""Pictures to H.264, the same bytes each time, or to JPEG files."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def encode(
    pictures: Iterable[NDArray[np.uint8]], path: Path, frame_rate: int, size: tuple[int, int],
    crf: int,
) -> None:  # fmt: skip
    """Writes an MP4 that players and browsers open: yuv420p, its index at the front."""
    import av

    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        stream = file.add_stream("libx264", rate=frame_rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {
            "crf": str(crf),
            "preset": "slow",
            "threads": "1",
            "g": str(2 * frame_rate),
        }
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, frame_rate)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def write_pictures(pictures: Iterable[NDArray[np.uint8]], folder: Path) -> None:
    """Writes 000001.jpg and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{number + 1:06d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
