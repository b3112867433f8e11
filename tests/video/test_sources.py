"""From words to sources."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.video.sources import SourceWarning, expand_sources, open_source
from tests.rights import closed
from tests.video.clips import DEFAULTS, number_of, picture, read


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def pictures(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), picture(number))
    return folder


@pytest.mark.parametrize(
    "word", ["0", "camera:1", "screen:", "screen:1,2,3,4", "rtsp://host/x", "http://host/*.mp4"]
)
def test_devices_and_urls_pass_through(word: str) -> None:
    assert expand_sources([word]) == [word]


def test_a_folder_of_videos_is_its_videos_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "clip10.mp4", "clip9.MP4", "notes.txt", "thumb.jpg", ".hidden.mp4")
    assert expand_sources([str(tmp_path)]) == [
        str(tmp_path / "clip9.MP4"),
        str(tmp_path / "clip10.mp4"),
    ]


def test_a_pattern_finds_videos_in_all_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a/x2.avi", "b/c/x10.avi", "b/readme.txt")
    found = expand_sources([str(tmp_path / "**" / "*")])
    assert [Path(word).name for word in found] == ["x2.avi", "x10.avi"]


def test_a_folder_of_pictures_is_one_source_and_so_is_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    pattern = str(tmp_path / "*.jpg")
    assert expand_sources([str(tmp_path), pattern]) == [str(tmp_path), pattern]


def test_a_mot_sequence_is_its_pictures_under_its_own_name_and_rate(tmp_path: Path) -> None:
    pictures(tmp_path / "MOT17-02" / "img1", "000001.jpg", "000002.jpg")
    (tmp_path / "MOT17-02" / "seqinfo.ini").write_text("[Sequence]\nframeRate=10\n")
    [word] = expand_sources([str(tmp_path / "MOT17-02")])
    with open_source(word, DEFAULTS) as source:
        assert source.info.name == "MOT17-02"
        assert source.info.frame_rate == 10
        assert [frame.time_s for frame in source] == [0, 0.1]


@pytest.mark.parametrize("name", ["gone.mp4", "gone/*.mp4", "empty", "empty/*"])
def test_a_word_that_matches_nothing_says_so(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    word = str(tmp_path / name)
    with pytest.raises(SourceError) as caught:
        expand_sources([word])
    assert word in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_said_to_be_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="is a pipe or device, and no file"):
        expand_sources([str(tmp_path / "pipe")])


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the rights of Unix")
@pytest.mark.parametrize("name", ["", "clip.mp4", "clip?.mp4/x", "*/clip.mp4"])
def test_a_folder_that_may_not_be_entered_is_one_clear_line(name: str, tmp_path: Path) -> None:
    touch(tmp_path, "inner/clip.mp4")
    word = str(tmp_path / "inner" / name)
    with closed(tmp_path / "inner"), pytest.raises(SourceError) as caught:
        expand_sources([word])
    assert word in str(caught.value)
    with closed(tmp_path / "inner"), pytest.raises(SourceError, match="check the path"):
        open_source(str(tmp_path / "inner" / "clip.mp4"), DEFAULTS)


def test_a_name_that_no_file_can_have_is_one_clear_line() -> None:
    with pytest.raises(SourceError, match=r"cannot look at x+\.mp4: file name too long; check"):
        expand_sources(["x" * 300 + ".mp4"])


def test_a_tilde_means_a_home_unless_it_begins_a_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(touch(tmp_path, "home/clip.mp4", "~nosuch.mp4") / "home"))
    monkeypatch.chdir(tmp_path)
    assert expand_sources(["~/clip.mp4"]) == [str(tmp_path / "home" / "clip.mp4")]
    assert expand_sources(["~/*.mp4"]) == [str(tmp_path / "home" / "clip.mp4")]
    assert expand_sources(["~nosuch.mp4"]) == ["~nosuch.mp4"]
    with pytest.raises(SourceError, match=r"^~nosuch/x\.mp4: no such file"):
        expand_sources(["~nosuch/x.mp4"])


def test_pictures_that_the_shell_spread_out_are_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "2.jpg")
    with pytest.raises(SourceError, match="pattern in quotes"):
        expand_sources([str(tmp_path / "1.jpg"), str(tmp_path / "2.jpg")])


def test_a_file_with_brackets_in_its_name_is_a_file(tmp_path: Path) -> None:
    word = str(touch(tmp_path, "clip[1].mp4") / "clip[1].mp4")
    assert expand_sources([word]) == [word]


def test_pictures_come_in_natural_order_at_the_given_rate(tmp_path: Path) -> None:
    pictures(tmp_path, "f0.png", "f1.png", "f2.png")
    (tmp_path / "f2.png").rename(tmp_path / "f10.png")
    frames = read(tmp_path / "*.png", SourceSettings(image_rate=2))
    assert [(number_of(f.image), f.time_s) for f in frames] == [(0, 0), (1, 0.5), (2, 1.0)]


def test_a_picture_that_cannot_be_read_leaves_a_gap_and_one_warning(tmp_path: Path) -> None:
    pictures(tmp_path, "0.png", "1.png", "2.png", "3.png")
    (tmp_path / "1.png").write_bytes(b"not a picture")
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.warns(SourceWarning) as caught:
        frames = read(tmp_path)
    assert [frame.index for frame in frames] == [0, 3]
    assert len(caught) == 1


@pytest.mark.parametrize("home", ["s/img1", "image_02/0001"])
def test_numbers_that_a_sequence_leaves_out_take_time_too(tmp_path: Path, home: str) -> None:
    pictures(tmp_path / home, "000001.png", "000005.png", "000006.png")
    first = 1 if home == "s/img1" else 0
    frames = read(tmp_path / home, SourceSettings(image_rate=10))
    assert [frame.index + first for frame in frames] == [1, 5, 6]
    assert [frame.time_s for frame in frames] == [frame.index / 10 for frame in frames]
    part = SourceSettings(image_rate=10, start_s=0.35)
    with open_source(str(tmp_path / home), part) as source:
        assert source.info.frame_count == len(list(source)) == 2


def test_numbers_in_the_names_of_other_pictures_say_nothing(tmp_path: Path) -> None:
    pictures(tmp_path, "shot_120000.png", "shot_120500.png")
    assert [frame.index for frame in read(tmp_path)] == [0, 1]


def test_pictures_of_different_sizes_are_an_error(tmp_path: Path) -> None:
    pictures(tmp_path, "0.png")
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(SourceError, match=r"1\.png is 20x10, the pictures before it 96x64"):
        read(tmp_path)


def test_one_picture_is_a_video_of_one_frame(tmp_path: Path) -> None:
    pictures(tmp_path, "still.png")
    assert len(read(tmp_path / "still.png")) == 1


def test_an_unknown_scheme_is_an_error_without_its_password() -> None:
    with pytest.raises(SourceError, match="no source speaks gopher") as caught:
        open_source("gopher://me:s3cret@host/x", DEFAULTS)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("word", ["screen:1,2,3", "screen:0,0,0,5", "camera:left"])
def test_a_misspelt_device_is_an_error(word: str) -> None:
    with pytest.raises(SourceError, match="got"), open_source(word, DEFAULTS):
        pass
