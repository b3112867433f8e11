"""Pictures in H.264 files: colours, and the shape of pixels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from acme_tracker.config import OutputSettings, SourceSettings
from acme_tracker.datatypes import FrameResult, Tracks
from acme_tracker.frames import SourceInfo
from acme_tracker.video.pixels import Pixels
from acme_tracker.video.sinks import VideoSink
from acme_tracker.video.sources import open_source
from acme_tracker.video.writer import VideoWriter
from acme_tracker.yuv import BT601, BT709, UNSAID, Colours, Yuv
from tests.video.clips import picture, read, turn, write_clip

if TYPE_CHECKING:
    from av import VideoFrame


def test_colours_come_back_as_they_were_written(tmp_path: Path) -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :32], image[:, 32:64], image[:, 64:] = (200, 60, 40), (40, 180, 60), (30, 40, 190)
    with VideoWriter(tmp_path / "out.mp4", (96, 64), crf=10) as out:
        out.write(image, 0)
    got = read(tmp_path / "out.mp4")[0].image
    assert np.abs(got[:, [16, 48, 80]].astype(int) - image[:, [16, 48, 80]]).max() <= 6


@pytest.mark.parametrize("colours", [Colours(BT709), Colours(BT601, True), Colours(UNSAID)])
def test_a_yuv_file_keeps_its_numbers_and_what_they_mean(colours: Colours, tmp_path: Path) -> None:
    first, again = tmp_path / "first.mp4", tmp_path / "again.mp4"
    planes = Yuv.of_image(picture(3, (96, 64), noise=20)).pixels
    with VideoWriter(first, (96, 64), crf=1, colours=colours) as out:
        out.write(Yuv(planes, colours), 0)
    frame = read(first)[0]
    assert frame.yuv().colours == colours
    info = SourceInfo("clip", "clip", (96, 64))
    with VideoSink(again, info, OutputSettings(crf=1), lambda r: r.frame.yuv()) as sink:
        sink.write(FrameResult(frame, Tracks.empty()))
    copied = read(again)[0].yuv()
    assert copied.colours == colours
    assert np.abs(copied.pixels.astype(int) - frame.yuv().pixels).max() <= 3


@pytest.mark.parametrize("colours", [Colours(BT709), Colours(BT601, True)])
def test_a_bgr_picture_gets_the_colours_of_its_file(colours: Colours, tmp_path: Path) -> None:
    red = np.full((64, 96, 3), (30, 40, 190), np.uint8)
    with VideoWriter(tmp_path / "out.mp4", (96, 64), crf=1, colours=colours) as out:
        out.write(red, 0)
    got = read(tmp_path / "out.mp4")[0].image
    assert np.abs(got.astype(int) - red).max() <= 4


def test_a_file_has_the_colours_of_its_first_frame_whatever_comes_later(tmp_path: Path) -> None:
    red = np.full((128, 192, 3), (30, 40, 190), np.uint8)
    first, wider, other = Colours(BT709), Colours(BT709), Colours(BT601, full_range=True)
    parts = [(red[:64, :96], first), (red, wider), (red[:64, :96], other)]
    names = [tmp_path / f"{number}.mp4" for number in range(len(parts))]
    for name, (image, colours) in zip(names, parts, strict=True):
        with VideoWriter(name, image.shape[1::-1], crf=1, colours=colours) as out:
            out.write(image, 0)
    raws = [raw_of(name) for name in names]
    pixels = Pixels(raws[0])
    with VideoWriter(tmp_path / "out.mp4", (96, 64), crf=1, colours=pixels.colours) as out:
        for number, raw in enumerate(raws):
            assert pixels.yuv(raw).colours == first
            out.write(pixels.yuv(raw), number)
    for frame in read(tmp_path / "out.mp4"):
        assert np.abs(frame.image.astype(int) - red[:64, :96]).max() <= 5


def raw_of(path: Path) -> VideoFrame:
    import av

    with av.open(str(path)) as container:
        return next(container.decode(video=0))


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p", "yuv420p"])
def test_other_formats_are_converted_to_what_the_encoder_takes(
    pix_fmt: str, tmp_path: Path
) -> None:
    frame = read(write_clip(tmp_path / "clip.mp4", 1, pix_fmt=pix_fmt))[0]
    want = Yuv.of_image(frame.image).pixels.astype(int)
    assert np.abs(frame.yuv().pixels - want).mean() < 2


def test_a_turned_video_is_written_upright(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 1)
    turn(path, 90)
    frame = read(path)[0]
    assert frame.yuv().size == frame.size == (64, 96)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("clockwise", [0, 90, 180, 270])
def test_pixels_that_are_not_square_keep_their_shape(
    clockwise: int, live: bool, tmp_path: Path
) -> None:
    import av

    stored = Fraction(1, 2)
    clip = write_clip(tmp_path / "clip.mp4", 3, size=(704, 288), pixel_aspect=stored)
    if clockwise:
        turn(clip, clockwise)
    shown = 1 / stored if clockwise in (90, 270) else stored
    with open_source(str(clip), SourceSettings(start_s=0.04)) as source:
        assert source.info.pixel_aspect == shown
        info = replace(source.info, live=live)
        with VideoSink(tmp_path / "out.mp4", info, OutputSettings(), lambda r: r.frame.yuv()) as to:
            for frame in source:
                to.write(FrameResult(frame, Tracks.empty()))
    with av.open(str(tmp_path / "out.mp4")) as out:
        stream = out.streams.video[0]
        assert stream.sample_aspect_ratio == shown
        assert (stream.width, stream.height) == info.size


@pytest.mark.parametrize("aspect", [None, Fraction(1)])
def test_square_pixels_are_not_spoken_of(aspect: Fraction | None, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 3, pixel_aspect=aspect)
    with open_source(str(clip), SourceSettings()) as source:
        assert source.info.pixel_aspect is None
