"""No secret of an address comes out again."""

from __future__ import annotations

import pytest

from acme_tracker.video.redaction import redact, safe_name


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:s3cret@10.0.0.5:554/stream1",
        "rtsp://admin:s3c@s3cret@10.0.0.5:554/stream1",
        "rtsp://admin:s3cret/s3cret@10.0.0.5/stream1",
        "rtsp://admin:12/s3cret@10.0.0.5/stream1",
        "rtsp://admin:a?s3cret@10.0.0.5/stream1",
        "rtsp://admin:a@b?s3cret#s3cret@10.0.0.5/stream1",
        "rtsp://s3cret@10.0.0.5/stream1",
        "http://cam.example/video?token=s3cret&channel=1",
        "http://cam.example/video?user=s3cret&PASSWORD=s3cret",
        "http://cam.example/video?x=1&api_key=s3cret;pwd=s3cret#auth=s3cret",
        "rtsp://10.0.0.5/user=s3cret_password=s3cret_channel=1_stream=0.sdp?real_stream",
        "rtsp://10.0.0.5/live/pwd=s3cret/1",
        "HTTPS://cam.example/hls/live.m3u8?X-Amz-Signature=s3cret",
    ],
)
def test_secrets_do_not_come_out(url: str) -> None:
    assert "s3cret" not in redact(url)
    assert "s3c" not in safe_name(url)
    assert redact(redact(url)) == redact(url)


def test_what_is_no_secret_stays() -> None:
    assert redact("rtsp://a:b@10.0.0.5:554/ch/1?subtype=0") == (
        "rtsp://***@10.0.0.5:554/ch/1?subtype=0"
    )
    assert redact("http://10.0.0.5:8080/a@b.mp4?t=3") == "http://10.0.0.5:8080/a@b.mp4?t=3"


@pytest.mark.parametrize("word", ["clip@home.mp4", "/data/a?token=b.mp4", "0", "screen:1,2,3,4"])
def test_what_is_no_url_comes_back_whole(word: str) -> None:
    assert redact(word) == word


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("rtsp://u:p@cam-3.local:554/h264?ch=2", "cam-3.local_554_h264_ch_2"),
        ("my clip (1)", "my_clip_1"),
        ("../..", "source"),
        ("Straße 5", "Straße_5"),
        ("x" * 300, "x" * 100),
        ("車" * 85, "車" * 66),
    ],
)
def test_names_are_safe_for_files(word: str, name: str) -> None:
    assert safe_name(word) == name
