"""Live sources in processes of their own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from acme_tracker.cli import apart
from acme_tracker.cli.apart import Job, track_apart
from acme_tracker.cli.progress import ProgressLines
from acme_tracker.config import TrackSettings
from acme_tracker.outputs import INTERRUPTED
from acme_tracker.pipeline import Interrupt
from acme_tracker.video.base import SourceWarning
from tests.video.clips import write_clip
from tests.video.servers import served

PATIENCE_S = 60.0
SETTINGS = TrackSettings.load(
    overrides={
        "detector.name": "motion",
        "visual_tracker.name": "kalman",
        "output.preset": "ultrafast",
    }
)


def die(*_: Any) -> None:
    """In place of a process's life: a library that crashes."""
    os._exit(3)


@pytest.fixture
def stream(tmp_path: Path) -> bytes:
    """Of two seconds."""
    return write_clip(tmp_path / "clip.ts", 50, noise=20).read_bytes()


def test_a_stream_is_tracked_to_its_end(tmp_path: Path, stream: bytes) -> None:
    out = tmp_path / "out"
    with served(stream, says_size=False, for_s=2) as url:
        run = track_apart(Job(url, SETTINGS, out, [url]), ProgressLines(), Interrupt())
    assert "ended after 50 frames" in str(run.error)
    assert run.folder is not None
    assert run.folder.parent == out
    lines = (run.folder / "tracks.jsonl").read_text().splitlines()
    assert len(lines) == run.report["frames"] > 0
    assert run.report["device"] == "cpu"


def test_its_warnings_are_said_here(tmp_path: Path, stream: bytes) -> None:
    middle = len(stream) // 2 // 188 * 188
    damaged = stream[:middle] + bytes(188 * 3) + stream[middle + 188 * 3 :]
    with (
        served(damaged, says_size=False, for_s=1) as url,
        pytest.warns(SourceWarning, match="is damaged"),
    ):
        run = track_apart(Job(url, SETTINGS, tmp_path / "out", [url]), ProgressLines(), Interrupt())
    assert ["is damaged" in warning for warning in run.report["warnings"]] == [True]


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    address = "http://user:secret@127.0.0.1:9/none"
    run = track_apart(Job(address, SETTINGS, tmp_path, [address]), ProgressLines(), Interrupt())
    assert run.folder is None
    assert "cannot open" in str(run.error)
    assert "secret" not in str(run.error)


def test_a_wish_to_stop_reaches_the_process(tmp_path: Path) -> None:
    stream = write_clip(tmp_path / "clip.ts", 500, noise=20).read_bytes()
    interrupt = Interrupt()

    def stop_once_begun() -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not any(
            path.stat().st_size for path in tmp_path.glob("out/*/tracks.jsonl")
        ):
            time.sleep(0.05)
        interrupt.wanted = True

    with served(stream, says_size=False, for_s=20) as url:
        Thread(target=stop_once_begun).start()
        run = track_apart(Job(url, SETTINGS, tmp_path / "out", [url]), ProgressLines(), interrupt)
    assert (run.state, run.error) == (INTERRUPTED, None)
    assert 0 < run.report["frames"] < 500


def test_a_process_that_dies_is_an_error_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_track", die)
    job = Job("rtsp://user:secret@camera/one", SETTINGS, tmp_path, [])
    run = track_apart(job, ProgressLines(), Interrupt())
    assert "camera/one died (exit code 3)" in str(run.error)
    assert "secret" not in str(run.error)
    assert run.folder is None
