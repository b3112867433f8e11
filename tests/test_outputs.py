"""One source into its folder of results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from acme_tracker.config import OutputSettings, SourceSettings
from acme_tracker.datatypes import FrameResult
from acme_tracker.errors import OutputError, SourceError
from acme_tracker.frames import SourceInfo
from acme_tracker.outputs import (
    COMPLETE,
    INTERRUPTED,
    ResultFolders,
    result_sinks,
    track_source,
)
from acme_tracker.pipeline import Interrupt
from acme_tracker.video.sources import open_source
from acme_tracker.video.window import StopRequested
from tests.fakes import ScriptedDetector
from tests.rights import closed
from tests.runs import CAR, SETTINGS, Listener, Pictures
from tests.video.clips import read, write_clip

HOLD = """
import sys
from pathlib import Path
from acme_tracker.outputs import ResultFolders
from tests.runs import Pictures
with ResultFolders(Path(sys.argv[1])).hold(Pictures(1).info) as folder:
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def test_a_run_leaves_its_files_and_says_it_is_complete(tmp_path: Path) -> None:
    run = track_source(Pictures(10), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    assert (run.state, run.error, run.folder) == (COMPLETE, None, tmp_path / "pictures")
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        "summary.json",
        "tracks.csv",
        "tracks.jsonl",
        "tracks.mot.txt",
        "tracks_summary.csv",
    ]
    assert run.report["unique_tracks"] == {"total": 1, "by_class": {"car": 1}}


def test_a_source_that_ends_early_leaves_what_was_tracked_until_then(tmp_path: Path) -> None:
    run = track_source(
        Pictures(10, breaks_at=4), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path)
    )
    assert isinstance(run.error, SourceError)
    assert run.report["frames"] == 4
    assert run.report["state"] == "failed: pictures ends early"
    assert len((tmp_path / "pictures" / "tracks.csv").read_text().splitlines()) == 5


def test_a_defect_is_raised_and_the_results_say_that_the_run_failed(tmp_path: Path) -> None:
    class Broken(Listener):
        def write(self, result: FrameResult) -> None:
            if result.frame.index == 3:
                raise ZeroDivisionError("of ours")

    with pytest.raises(ZeroDivisionError):
        track_source(
            Pictures(9),
            SETTINGS,
            ScriptedDetector([CAR]),
            ResultFolders(tmp_path),
            watchers=[lambda *_: Broken()],
            warned=["times rebuilt"],
        )
    report = json.loads((tmp_path / "pictures" / "summary.json").read_text())
    assert report["state"] == "failed: ZeroDivisionError: of ours"
    assert (report["frames"], report["warnings"]) == (4, ["times rebuilt"])
    assert {"decode", "follow"} <= set(report["stages_ms"])


def test_a_stop_before_the_first_frame_leaves_no_folder(tmp_path: Path) -> None:
    interrupt = Interrupt()
    interrupt.request()
    run = track_source(
        Pictures(3),
        SETTINGS,
        ScriptedDetector([CAR]),
        ResultFolders(tmp_path),
        interrupt=interrupt,
    )
    assert (run.state, run.folder) == (INTERRUPTED, None)
    assert list(tmp_path.iterdir()) == []


def test_where_the_window_stops_the_run_all_results_have_the_same_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StoppedAt(Listener):
        def write(self, result: FrameResult) -> None:
            if result.frame.index == 3:
                raise StopRequested

    monkeypatch.setattr("acme_tracker.outputs.WindowSink", lambda *_, **__: StoppedAt())
    settings = SETTINGS.model_copy(update={"output": OutputSettings(window=True)})
    run = track_source(Pictures(9), settings, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    assert (run.state, run.report["frames"]) == (INTERRUPTED, 4)
    folder = tmp_path / "pictures"
    assert len((folder / "tracks.jsonl").read_text().splitlines()) == 4
    assert len(read(folder / "annotated.mp4")) == 4


def test_the_window_is_told_the_shape_of_the_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = replace(Pictures(1).info, pixel_aspect=Fraction(4, 3))
    settings = OutputSettings(video=False, window=True)
    told: list[object] = []

    def window(*given: object, **_: object) -> Listener:
        told.extend(given)
        return Listener()

    monkeypatch.setattr("acme_tracker.outputs.WindowSink", window)
    result_sinks(tmp_path, info, ScriptedDetector([]).classes, settings)
    assert info.pixel_aspect in told


def place(folders: ResultFolders, info: SourceInfo) -> str:
    """Where a source's results go, which is over at once."""
    with folders.hold(info) as folder:
        return folder.name


def test_two_sources_of_one_name_get_two_folders(tmp_path: Path) -> None:
    folders = ResultFolders(tmp_path)
    info = Pictures(1).info
    names = [place(folders, info) for _ in range(3)]
    assert names == ["pictures", "pictures-2", "pictures-3"]


def test_a_recording_replaces_its_results_and_a_live_source_keeps_them(tmp_path: Path) -> None:
    recorded, live = Pictures(1).info, Pictures(1, live=True).info
    assert [place(ResultFolders(tmp_path), recorded) for _ in range(2)] == ["pictures"] * 2
    assert place(ResultFolders(tmp_path), live) == "pictures-2"


def test_a_run_of_another_program_keeps_its_folder_until_it_ends(tmp_path: Path) -> None:
    info = Pictures(1).info
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe, root = subprocess.PIPE, Path(__file__).parents[1]
    with subprocess.Popen(words, cwd=root, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"pictures\n"
        assert place(ResultFolders(tmp_path), info) == "pictures-2"
        other.kill()
    assert place(ResultFolders(tmp_path), info) == "pictures"


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot make the folder .*; give another"):
        place(ResultFolders(tmp_path / "file"), Pictures(1).info)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the rights of Unix")
@pytest.mark.parametrize("live", [False, True])
def test_a_folder_that_may_not_be_entered_is_told_in_one_line(live: bool, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    with (
        closed(tmp_path / "theirs"),
        pytest.raises(OutputError, match=r"cannot make the folder .*: Permission denied; give"),
    ):
        place(ResultFolders(tmp_path / "theirs" / "results"), Pictures(1, live=live).info)


def test_results_of_an_earlier_run_do_not_stay_among_those_of_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("annotated.mp4", ".annotated.mp4.part", "notes.txt"):
        (folder / name).write_text("old")
    (folder / "summary.json").write_text('{"source": "pictures"}')
    track_source(
        Pictures(3, breaks_at=1), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path)
    )
    assert not list(folder.glob("*annotated.mp4*"))
    assert "failed" in (folder / "summary.json").read_text()
    assert (folder / "notes.txt").read_text() == "old"


def test_a_recording_that_gives_no_frame_leaves_earlier_results_alone(tmp_path: Path) -> None:
    track_source(Pictures(3), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    run = track_source(
        Pictures(3, breaks_at=0), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path)
    )
    assert (str(run.error), run.folder) == ("pictures ends early", None)
    assert "complete" in (tmp_path / "pictures" / "summary.json").read_text()
    assert len((tmp_path / "pictures" / "tracks.csv").read_text().splitlines()) == 4


def test_a_source_is_never_overwritten_by_its_own_results(tmp_path: Path) -> None:
    video = tmp_path / "pictures" / "annotated.mp4"
    video.parent.mkdir()
    video.write_bytes(b"the only copy")
    run = track_source(
        Pictures(3),
        SETTINGS,
        ScriptedDetector([CAR]),
        ResultFolders(tmp_path, [str(video)]),
    )
    assert run.folder == tmp_path / "pictures-2"
    assert video.read_bytes() == b"the only copy"


def test_results_of_another_source_of_the_same_name_stay(tmp_path: Path) -> None:
    for _ in range(2):
        track_source(Pictures(3), SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    other = Pictures(3)
    other.info = SourceInfo("elsewhere/pictures", "pictures", (320, 240), 25, 3)
    run = track_source(other, SETTINGS, ScriptedDetector([CAR]), ResultFolders(tmp_path))
    assert run.folder == tmp_path / "pictures-2"
    assert (tmp_path / "pictures" / "tracks.csv").read_text().count("\n") == 4


def test_another_file_that_is_called_by_the_same_word_gets_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for place_of_clip, word in (("a", "clip.mp4"), ("b", "clip.mp4"), ("b", "../a/clip.mp4")):
        (tmp_path / place_of_clip).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / place_of_clip)
        if not Path(word).exists():
            write_clip(Path(word), 2)
        run = track_source(
            open_source(word, SourceSettings()),
            SETTINGS,
            ScriptedDetector([CAR]),
            ResultFolders(tmp_path / "results"),
        )
        assert run.folder is not None
        names.append(run.folder.name)
        assert run.report["source"] == word
    assert names == ["clip", "clip-2", "clip"]


def test_a_run_that_was_killed_is_known_by_its_file(tmp_path: Path) -> None:
    first, other = (
        replace(Pictures(1).info, file=str(tmp_path / name)) for name in ("a/clip", "b/clip")
    )
    assert place(ResultFolders(tmp_path), first) == "pictures"
    assert place(ResultFolders(tmp_path), other) == "pictures-2"
    assert place(ResultFolders(tmp_path), replace(first, source_id="a/clip")) == "pictures"


def test_results_of_an_older_version_are_known_by_the_word(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "summary.json").write_text('{"source": "pictures"}')
    info = replace(Pictures(1).info, file="/a/pictures")
    assert place(ResultFolders(tmp_path), replace(info, source_id="other")) == "pictures-2"
    assert place(ResultFolders(tmp_path), info) == "pictures"


@pytest.mark.parametrize("summary", [None, "", "[1]", '{"mine": 1}'])
def test_files_of_such_names_that_no_run_left_stay(summary: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "tracks.csv").write_text("somebody's")
    if summary is not None:
        (folder / "summary.json").write_text(summary)
    assert place(ResultFolders(tmp_path), Pictures(1).info) == "pictures-2"
    assert (folder / "tracks.csv").read_text() == "somebody's"
