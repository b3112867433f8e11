"""H.264 files: true times, index in front, and readable whatever happens."""

from __future__ import annotations

import errno
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from acme_tracker.config import OutputSettings
from acme_tracker.datatypes import FrameResult, Tracks
from acme_tracker.errors import OutputError
from acme_tracker.frames import Frame, SourceInfo
from acme_tracker.video.sinks import VideoSink
from acme_tracker.video.writer import VideoWriter
from acme_tracker.yuv import Yuv
from tests.fakes import textured_scene
from tests.video.clips import number_of, picture, read

FOREVER = """
import sys
from pathlib import Path
from acme_tracker.video.writer import VideoWriter
from tests.video.clips import picture
writer = VideoWriter(Path(sys.argv[1]), (96, 64))
for number in range(1_000_000):
    writer.write(picture(number, noise=60), number / 25)
    print(number / 25, flush=True)
"""
ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from acme_tracker.errors import OutputError
from acme_tracker.video.writer import VideoWriter
from tests.video.clips import picture
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
try:
    with VideoWriter(Path(sys.argv[1]), (96, 64)) as writer:
        for number in range(1000):
            writer.write(picture(number, noise=60), number / 25)
except OutputError as error:
    print(error)
"""


def boxes(path: Path) -> list[str]:
    """The names of an MP4's outermost boxes, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode())
        at += length
    return names


def write(path: Path, times_s: list[float], size: tuple[int, int] = (96, 64)) -> Path:
    with VideoWriter(path, size) as out:
        for number, time_s in enumerate(times_s):
            out.write(picture(number, size), time_s)
    return path


def test_times_and_pictures_come_back_as_they_were_written(tmp_path: Path) -> None:
    times = [0, 0.04, 0.1, 0.35, 0.36, 1.5, 9.0]
    frames = read(write(tmp_path / "out.mp4", times))
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-5)
    assert [number_of(frame.image) for frame in frames] == list(range(len(times)))


def test_a_file_that_begins_later_begins_at_zero(tmp_path: Path) -> None:
    import av

    path = write(tmp_path / "out.mp4", [100.0, 100.04])
    with av.open(str(path)) as container:
        assert [raw.pts for raw in container.decode(video=0)] == [0, 3600]


def test_it_is_h264_high_that_browsers_play_with_its_index_in_front(tmp_path: Path) -> None:
    import av

    path = write(tmp_path / "out.mp4", [n / 25 for n in range(30)])
    names = boxes(path)
    assert names.index("moov") < names.index("mdat")
    assert "moof" not in names
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.profile) == ("h264", "High")
        assert video.codec_context.pix_fmt == "yuv420p"
        assert video.frames == 30
    assert [file.name for file in tmp_path.iterdir()] == ["out.mp4"]


def test_there_is_a_keyframe_every_second(tmp_path: Path) -> None:
    import av

    path = write(tmp_path / "out.mp4", [n / 10 for n in range(35)])
    with av.open(str(path)) as container:
        keys = [raw.time for raw in container.decode(video=0) if raw.key_frame]
    assert keys == pytest.approx([0, 1, 2, 3])


def test_equal_and_earlier_times_are_moved_behind_the_one_before(tmp_path: Path) -> None:
    frames = read(write(tmp_path / "out.mp4", [0, 0.04, 0.04, 0.02, 0.08]))
    times = [frame.time_s for frame in frames]
    assert times == pytest.approx([0, 0.04, 0.04, 0.04, 0.08], abs=1e-4)
    assert np.all(np.diff(times) > 0)


@pytest.mark.parametrize("size", [(97, 65), (97, 64), (96, 65), (96, 70), (1, 1)])
def test_odd_sizes_are_padded_with_their_last_row_and_column(
    size: tuple[int, int], tmp_path: Path
) -> None:
    frame = read(write(tmp_path / "out.mp4", [0, 0.04], size))[0]
    assert frame.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    if size[0] > 1:
        assert np.ptp(frame.luma[-1, 40:]) <= 2  # no black edge


def test_lossless_is_lossless(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, (96, 64), preset="ultrafast", crf=0) as out:
        picture = textured_scene((96, 64))
        out.write(picture, 0)
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)[:64]
    np.testing.assert_array_equal(read(path)[0].luma, luma)


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast"])
def test_a_lower_crf_is_a_better_picture_at_any_preset(preset: str, tmp_path: Path) -> None:
    planes = Yuv.of_image(picture(3, (96, 64), noise=20)).pixels
    errors = []
    for crf in (1, 20, 35, 51):
        path = tmp_path / f"{crf}.mp4"
        with VideoWriter(path, (96, 64), preset=preset, crf=crf) as out:
            out.write(Yuv(planes), 0)
        errors.append(np.abs(read(path)[0].luma.astype(int) - planes[:64]).mean())
    assert errors == sorted(errors)
    assert errors[0] < 1 < errors[1]


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        VideoWriter(tmp_path / "out.mp4", (96, 64)) as out,
        pytest.raises(ValueError, match="must be"),
    ):
        out.write(textured_scene((64, 64)), 0)


def test_nothing_written_is_no_crash(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", (96, 64)):
        pass


def test_a_killed_run_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", FOREVER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if float(line) >= 5)
        process.kill()
        last_written_s = max([5.0, *map(float, process.stdout.read().split())])
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        times = [
            raw.time
            for packet in container.demux(stream)
            if not packet.is_corrupt
            for raw in packet.decode()
        ]
    assert times[0] == 0
    assert times[-1] is not None
    assert times[-1] > last_written_s - 1.2


@pytest.mark.skipif(sys.platform == "win32", reason="limits a file's size as POSIX does")
def test_a_full_disk_is_one_clear_line_and_what_was_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    ran = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith(f"cannot write the video {path}: file too large")
    assert ran.stdout.count("\n") == 1
    assert ran.stderr == ""
    frames = read(path)
    assert len(frames) >= 25
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(len(frames)) / 25)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_without_space_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="no space left"):
        write(Path("/dev/full"), [n / 25 for n in range(100)])


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write the video"):
        VideoWriter(tmp_path / "file" / "out.mp4", (96, 64))


def test_the_fragments_stay_if_the_copy_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    check_it_is_whole_in_fragments(write(tmp_path / "out.mp4", [n / 25 for n in range(30)]))


def test_a_recording_of_days_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acme_tracker.video.writer.COPIED_BYTES", 1000)
    check_it_is_whole_in_fragments(write(tmp_path / "out.mp4", [n / 25 for n in range(30)]))


def test_a_live_sources_video_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    info = SourceInfo("camera", "camera", (96, 64), live=True)
    with VideoSink(path, info, OutputSettings(), lambda r: r.frame.yuv()) as sink:
        for n in range(30):
            sink.write(FrameResult(Frame.of_image(picture(n), n, n / 25), Tracks.empty()))
    check_it_is_whole_in_fragments(path)


def check_it_is_whole_in_fragments(path: Path) -> None:
    assert "moof" in boxes(path)
    assert [frame.time_s for frame in read(path)] == pytest.approx(np.arange(30) / 25, abs=1e-5)
    assert [file.name for file in path.parent.iterdir()] == ["out.mp4"]


def test_pictures_that_the_encoder_cannot_take_are_an_output_error(tmp_path: Path) -> None:
    wide = np.zeros((16, 17000, 3), np.uint8)
    with (
        pytest.raises(OutputError, match="cannot write the video"),
        VideoWriter(tmp_path / "out.mp4", (17000, 16)) as out,
    ):
        out.write(wide, 0)
