"""What comes over HTTP: recordings, and streams that have no end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from acme_tracker.errors import SourceError
from acme_tracker.video.network import is_live
from acme_tracker.video.sources import open_source
from tests.video.clips import DEFAULTS, number_of, write_clip
from tests.video.servers import served, served_list


def test_a_file_of_known_size_is_a_recording_though_it_states_no_duration(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "clip.ts", 20).read_bytes()
    with served(data, says_size=True) as url, open_source(url, DEFAULTS) as source:
        assert not source.info.live
        assert [number_of(frame.image) for frame in source] == list(range(20))


def test_a_stream_of_unknown_size_is_live(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "clip.ts", 20).read_bytes()
    with served(data, says_size=False) as url, open_source(url, DEFAULTS) as source:
        assert source.info.live
        with pytest.raises(SourceError, match="ended after 20 frames"):
            list(source)


def test_the_clock_of_a_live_stream_is_when_it_was_sent_not_when_it_was_understood(
    tmp_path: Path,
) -> None:
    data = write_clip(tmp_path / "clip.ts", 75, keyframe_every=25, noise=20).read_bytes()
    with served(data, says_size=False, for_s=3) as url:
        asked_at = datetime.now(UTC)
        with open_source(url, DEFAULTS) as source:
            took_s = (datetime.now(UTC) - asked_at).total_seconds()
            assert source.info.started_at is not None
            late_s = (source.info.started_at - asked_at).total_seconds()
    assert took_s > 0.6  # otherwise this shows nothing
    assert -0.1 < late_s < 0.4


def test_of_a_list_in_several_sizes_the_largest_is_taken_and_alone_fetched(tmp_path: Path) -> None:
    options = {"hls_time": "2", "hls_list_size": "0"}
    lines = ["#EXTM3U"]
    for name, width, height in (("small", 96, 64), ("large", 192, 128), ("middle", 144, 96)):
        write_clip(tmp_path / f"{name}.m3u8", 150, (width, height), container_options=options)
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={width}000,RESOLUTION={width}x{height}"]
        lines += [f"{name}.m3u8"]
    (tmp_path / "all.m3u8").write_text("\n".join(lines) + "\n")
    with (
        served_list(tmp_path, "all.m3u8", live=False) as (url, asked),
        open_source(url, DEFAULTS) as source,
    ):
        assert source.info.size == (192, 128)
        assert len(list(source)) == 150
    assert [name for name in asked if name.endswith("2.ts")] == ["large2.ts"]


@pytest.mark.parametrize(
    ("scheme", "duration", "size", "format_name", "live"),
    [
        (None, None, -1, "mpegts", False),
        ("http", 5_000_000, -1, "mov,mp4", False),
        ("https", None, 9000, "mpegts", False),
        ("http", None, -38, "mpegts", True),
        ("http", 5_000_000, 223, "hls", False),
        ("http", None, 208, "hls", True),  # of the list, not of what it names
        ("http", None, 1 << 40, "mpjpeg", True),  # some cameras send such a number
        ("rtsp", 5_000_000, 9000, "rtsp", True),
    ],
)
def test_what_has_an_end_is_not_live(
    scheme: str | None, duration: int | None, size: int, format_name: str, live: bool
) -> None:
    assert is_live(scheme, duration, size, format_name) is live
