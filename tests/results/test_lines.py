"""What every result file does, whatever its format."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acme_tracker.datatypes import EventKind, FrameResult
from acme_tracker.errors import OutputError
from acme_tracker.results.csv import TracksCsv
from acme_tracker.results.jsonl import FramesJsonl
from acme_tracker.results.lines import LineSink, write_whole
from acme_tracker.results.mot import MotText
from acme_tracker.results.summary import TracksSummaryCsv
from tests.results.story import CLASSES, INFO, event, result, story, tell

SINKS: dict[str, Callable[[Path], LineSink]] = {
    "csv": lambda path: TracksCsv(path, INFO, CLASSES),
    "mot": MotText,
    "jsonl": lambda path: FramesJsonl(path, INFO, CLASSES),
    "summary": lambda path: TracksSummaryCsv(path, INFO, CLASSES),
}
every_sink = pytest.mark.parametrize("make", SINKS.values(), ids=SINKS.keys())
DEV_FULL = Path("/dev/full")


def busy(index: int) -> FrameResult:
    """A frame on which every sink writes something."""
    return result(index, {}, events=(event(EventKind.ENDED),))


@every_sink
def test_two_runs_are_byte_identical_and_the_second_replaces_the_first(
    make: Callable[[Path], LineSink], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "folder" / "result"
    tell(make(path), story(), [event(EventKind.ENDED)])
    first = path.read_bytes()
    tell(make(path), story(), [event(EventKind.ENDED)])
    assert path.read_bytes() == first
    assert first.endswith(b"\n")


@every_sink
def test_an_empty_run_leaves_a_file(make: Callable[[Path], LineSink], tmp_path: Path) -> None:
    tell(make(tmp_path / "result"), [])
    assert (tmp_path / "result").read_text().count("\n") in (0, 1)  # at most a header


@every_sink
def test_a_folder_that_cannot_be_made_is_one_line(
    make: Callable[[Path], LineSink], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"^cannot write .*file/result: .*-o\)$"),
        make(tmp_path / "file" / "result"),
    ):
        pass


@every_sink
@pytest.mark.skipif(not DEV_FULL.exists(), reason="/dev/full is a Linux device")
def test_a_full_disk_is_one_line(make: Callable[[Path], LineSink], tmp_path: Path) -> None:
    (tmp_path / "result").symlink_to(DEV_FULL)
    with pytest.raises(OutputError, match=r"^cannot write .*result: No space left on device;"):
        tell(make(tmp_path / "result"), [busy(0), busy(1)])


@every_sink
def test_a_sink_outside_a_with_statement_says_so(
    make: Callable[[Path], LineSink], tmp_path: Path
) -> None:
    sink = make(tmp_path / "result")
    with pytest.raises(RuntimeError, match="with"):
        tell_unopened(sink)


def tell_unopened(sink: LineSink) -> None:
    sink.write(busy(0))


KILLED = """
import os, signal, sys
from pathlib import Path
from acme_tracker.results.csv import TracksCsv
from tests.results.story import CLASSES, INFO, result
with TracksCsv(Path(sys.argv[1]), INFO, CLASSES) as sink:
    for index in range(2000):
        sink.write(result(index, {}, {"track_id": 2}))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_every_frame_that_was_written_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    lines = path.read_text().split("\n")
    assert len(lines) == 1 + 2 * 2000 + 1
    assert lines[-1] == ""
    assert {line.count(",") for line in lines[1:-1]} == {14}  # 13 and one inside the quoted source


class HalfFullFile:
    """A file on a disk that takes a few more bytes and then no more."""

    def __init__(self, path: Path, room: int) -> None:
        self._file = path.open("r+b", buffering=0)
        self._file.seek(0, os.SEEK_END)
        self._room = room

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        taken = min(self._room, len(data))
        self._room -= taken
        return self._file.write(data[:taken])

    def truncate(self, size: int) -> int:
        return self._file.truncate(size)

    def close(self) -> None:
        self._file.close()


def test_a_disk_that_fills_up_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "mot.txt"
    with MotText(path) as sink:
        sink.write(busy(0))
        whole = path.read_bytes()
        assert sink._file is not None
        sink._file.close()
        sink._file = HalfFullFile(path, room=10)  # type: ignore[assignment]
        with pytest.raises(OutputError, match="No space left"):
            sink.write(busy(1))
    assert path.read_bytes() == whole


def test_a_whole_file_replaces_the_old_one_or_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_whole(path, "old")
    write_whole(path, "new")
    assert path.read_text() == "new"
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match=r"^cannot write .*taken: "):
        write_whole(tmp_path / "taken", "text")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["summary.json", "taken"]
