"""Video files that are not as they should be."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.video.sources import SourceWarning, open_source
from tests.video.clips import DEFAULTS, number_of, read, turn, write_clip

SHARED_VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "videos"
needs_shared = pytest.mark.skipif(
    not SHARED_VIDEOS.is_dir(),
    reason="needs ../shared/data/videos, which is not part of the project",
)


def numbers_until_error(path: Path) -> tuple[list[int], str]:
    found: list[int] = []
    with open_source(str(path), DEFAULTS) as source:
        try:
            found.extend(number_of(frame.image) for frame in source)
        except SourceError as error:
            return found, str(error)
    raise AssertionError(f"{path.name} should have ended in an error, got frames {found}")


def write_cut_clip(path: Path) -> Path:
    """A clip of 20 frames whose last 700 bytes are missing."""
    write_clip(path, 20, container_options={"movflags": "faststart"}, noise=20)
    path.write_bytes(path.read_bytes()[:-700])
    return path


def test_a_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    times = [0, 0.04, 0.1, 0.5, 0.52, 2.0]
    frames = read(write_clip(tmp_path / "vfr.mp4", times))
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-4)


def test_times_start_at_zero_where_the_container_starts_later(tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / "late.mkv", [7.0, 7.04, 7.08]))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.08], abs=2e-3)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi", "flv"])
def test_a_later_start_gives_the_same_frames_as_reading_through(
    ending: str, tmp_path: Path
) -> None:
    codec = "mpeg4" if ending == "avi" else "libx264"
    path = write_clip(tmp_path / f"clip.{ending}", 25, codec=codec)
    whole = [(f.index, f.time_s, number_of(f.image)) for f in read(path) if f.time_s >= 0.5]
    part = read(path, SourceSettings(start_s=0.5))
    assert [(f.index, f.time_s, number_of(f.image)) for f in part] == whole


@pytest.mark.parametrize("start_s", [0.5, 1.0, 1.5, 2.5])
def test_a_later_start_of_joined_files_gives_the_same_frames_as_reading_through(
    start_s: float, tmp_path: Path
) -> None:
    parts = [write_clip(tmp_path / f"{n}.ts", 50, keyframe_every=25, noise=n) for n in (1, 2, 3)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SourceWarning)  # of the timestamps
        whole = [(f.index, f.time_s, f.luma.tobytes()) for f in read(joined)]
        part = read(joined, SourceSettings(start_s=start_s))
    assert [(f.index, f.time_s, f.luma.tobytes()) for f in part] == [
        row for row in whole if row[1] >= start_s
    ]


@pytest.mark.parametrize(("clockwise", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_a_phones_rotation_is_honoured(
    clockwise: int, corner: tuple[int, int], tmp_path: Path
) -> None:
    path = write_clip(tmp_path / "phone.mp4", 3)
    turn(path, clockwise)
    frame = read(path)[0]
    width, height = (96, 64) if clockwise == 180 else (64, 96)
    assert frame.size == (width, height)
    assert frame.image.shape == (height, width, 3)
    assert frame.luma.shape == (height, width)
    assert frame.luma.flags.c_contiguous
    assert frame.luma[corner] > 200  # the white block was top left
    assert frame.image[corner].min() > 200


@pytest.mark.parametrize("width", [98, 162, 200])
def test_luma_is_the_y_plane_without_its_padding(width: int, tmp_path: Path) -> None:
    import av

    path = write_clip(tmp_path / "odd.mp4", 2, size=(width, 64))
    with av.open(str(path)) as container:
        raw = next(container.decode(video=0))
        assert raw.planes[0].line_size > width  # otherwise this shows nothing
        expected = raw.to_ndarray()[:64]  # (H * 3 / 2, W) of yuv420p
    np.testing.assert_array_equal(read(path)[0].luma, expected)


@pytest.mark.parametrize(
    ("pix_fmt", "codec"), [("gray", "ffv1"), ("yuv420p10le", "ffv1"), ("bgr0", "ffv1")]
)
def test_other_pixel_formats_give_opencvs_grey(pix_fmt: str, codec: str, tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / "clip.mkv", 5, codec=codec, pix_fmt=pix_fmt))
    assert [number_of(frame.luma) for frame in frames] == list(range(5))
    assert frames[0].luma.dtype == np.uint8


@pytest.mark.parametrize("fraction", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi", "ts"])
def test_a_cut_file_gives_its_frames_and_then_an_error(
    ending: str, fraction: float, tmp_path: Path
) -> None:
    codec, pix_fmt = ("mjpeg", "yuvj420p") if ending == "avi" else ("libx264", "yuv420p")
    front = {"movflags": "faststart"} if ending == "mp4" else None
    path = tmp_path / f"clip.{ending}"
    write_clip(path, 20, codec=codec, pix_fmt=pix_fmt, container_options=front, noise=20)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction) | 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SourceWarning)  # the last picture may be half one
        found, message = numbers_until_error(path)
    assert found == list(range(len(found)))
    assert 0 < len(found) < 20
    assert "ends early" in message
    assert "\n" not in message


def test_a_cut_file_says_how_many_frames_are_missing(tmp_path: Path) -> None:
    path = write_cut_clip(tmp_path / "clip.mp4")
    found, message = numbers_until_error(path)
    assert f"{len(found)} of about 20 frames" in message


@needs_shared
@pytest.mark.parametrize(
    ("name", "count"), [("bgslib_video02.avi", 748), ("bgslib_video03.avi", 1699)]
)
def test_a_header_that_lies_is_no_cut(name: str, count: int) -> None:
    with pytest.warns(SourceWarning) as caught:
        frames = read(SHARED_VIDEOS / name)
    assert len(caught) == 1
    assert "timestamps" in str(caught[0].message)
    assert len(frames) == count
    times = np.array([frame.time_s for frame in frames])
    assert np.ptp(np.diff(times)) < 1e-9


def test_damage_in_the_middle_is_left_out_with_one_warning(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", 25, keyframe_every=1, noise=20)
    data = bytearray(path.read_bytes())
    for place in (0.3, 0.6):
        at = int(place * len(data))
        data[at : at + 300] = bytes(255 - byte for byte in data[at : at + 300])
    path.write_bytes(data)
    with pytest.warns(SourceWarning, match="is damaged") as caught:
        frames = read(path)
    assert len(caught) == 1
    assert 20 <= len(frames) < 25
    assert [frame.time_s for frame in frames] == pytest.approx(
        [number_of(frame.image) / 25 for frame in frames], abs=1e-3
    )


def write_damaged_clip(path: Path, codec: str, pix_fmt: str, damaged: tuple[int, ...]) -> Path:
    """A whole file of 25 frames, in which some packets, by the order of decoding, hold zeros."""
    import av

    whole = write_clip(path.with_stem("whole"), 25, codec=codec, pix_fmt=pix_fmt)
    with av.open(str(whole)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if not packet.size:
                continue
            copy = av.Packet(bytes(packet.size)) if number in damaged else packet
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
            copy.stream = stream
            out.mux(copy)
    return path


@pytest.mark.parametrize(
    ("ending", "codec", "pix_fmt"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("mkv", "libx264", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("mkv", "mjpeg", "yuvj420p"),
    ],
)
def test_packets_that_cannot_be_decoded_leave_gaps_in_the_count(
    ending: str, codec: str, pix_fmt: str, tmp_path: Path
) -> None:
    path = write_damaged_clip(tmp_path / f"clip.{ending}", codec, pix_fmt, (11, 14, 15))
    with pytest.warns(SourceWarning, match="is damaged"):
        frames = read(path)
    assert 18 <= len(frames) <= 22  # the decoder may drop some that it held
    assert frames[-1].index == 24
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SourceWarning)
        frames += read(path, SourceSettings(start_s=0.7))
    for frame in frames:
        assert frame.time_s == pytest.approx(frame.index / 25, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# Notes\nno video at all\n" * 50, "cannot open|holds no video"),
        (bytes(5000), "cannot open"),
    ],
)
@pytest.mark.parametrize("name", ["clip.mp4", "notes.txt"])
def test_what_is_no_video_is_one_clear_line(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read(tmp_path / "gone.mp4")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100)
        stream.layout = "mono"
        raw = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        raw.sample_rate = 44100
        out.mux(stream.encode(raw))
        out.mux(stream.encode(None))
    with pytest.raises(SourceError, match="only audio"):
        read(path)


def test_a_colon_in_a_files_name_is_no_protocol(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "plain.mp4", 3)
    odd = path.rename(tmp_path / "cam 2024-05-03T14:30:00.mp4")
    with open_source(str(odd), DEFAULTS) as source:
        assert len(list(source)) == 3
        assert source.info.started_at == datetime(2024, 5, 3, 14, 30, tzinfo=UTC)
        assert source.info.name == "cam_2024-05-03T14_30_00"


def test_the_containers_creation_time_starts_the_clock(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "2001-01-01_00-00-00.mp4",
        3,
        metadata={"creation_time": "2024-05-03T14:30:00.000000Z"},
    )
    with open_source(str(path), DEFAULTS) as source:
        assert source.info.started_at == datetime(2024, 5, 3, 14, 30, tzinfo=UTC)


def test_ffmpeg_writes_nothing_to_stderr(tmp_path: Path) -> None:
    path = write_cut_clip(tmp_path / "clip.mp4")
    program = (
        "import sys\n"
        "from acme_tracker.config import SourceSettings\n"
        "from acme_tracker.video.sources import open_source\n"
        "try:\n"
        "    with open_source(sys.argv[1], SourceSettings()) as source: list(source)\n"
        "except Exception as error: print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    assert "ends early" in ran.stdout
