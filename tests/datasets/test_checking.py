from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import open_sequences
from acme_tracker.datasets.checking import check_dataset
from acme_tracker.datasets.montage import CELL, dataset_montage, save_picture, sequences_montage
from acme_tracker.datasets.types import Sequence
from acme_tracker.datatypes import ClassList, TrackRows
from acme_tracker.errors import OutputError
from tests.datasets.making import dataset, picture, text

GOOD = (10.0, 10.0, 30.0, 30.0)


def messages(found: tuple[object, ...]) -> list[str]:
    return [str(problem).rsplit("/", 1)[-1] for problem in found]


def test_boxes_are_counted_by_class_area_and_height(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", (400, 300))
    rows = [
        (0, (0.0, 0.0, 31.0, 33.0), 0, False),  # 1023: small
        (0, (0.0, 0.0, 32.0, 32.0), 0, False),  # 1024: medium
        (0, (0.0, 0.0, 96.0, 96.0), 0, False),  # large
        (0, (0.0, 0.0, 8.0, 7.9), 1, False),
        (0, (50.0, 50.0, 90.0, 90.0), 1, True),
        (0, (0.0, 0.0, 99.0, 90.0), -1, True),
    ]
    report = check_dataset(dataset([image, image], rows, labelled=[[1, 1, 0], [0, 0, 0]]))  # type: ignore[list-item]
    car, bus, truck = report.classes
    assert car.by_area == (1, 1, 1)
    assert car.by_height == (0, 0, 0, 2, 1, 0)
    assert (bus.boxes, bus.ignored, bus.by_height[0]) == (1, 1, 1)
    assert (truck.boxes, truck.labelled_images) == (0, 0)
    assert report.unlabelled_classes == {"car": 1, "bus": 1, "truck": 2}
    assert (report.regions, report.unlabelled_images, report.background_images) == (1, 1, 0)
    assert not report.problems


def test_copies_are_found_and_leaks_across_splits(tmp_path: Path) -> None:
    first, other = picture(tmp_path / "a.png"), picture(tmp_path / "b.png", shade=7)
    copy, leak = tmp_path / "copy.png", tmp_path / "leak.png"
    shutil.copy(first, copy)
    shutil.copy(other, leak)
    paths, splits = [first, copy, other, leak], ["train", "train", "train", "val"]
    report = check_dataset(dataset(paths, [], splits=splits))
    assert report.duplicates == ((str(first), str(copy)), (str(other), str(leak)))
    assert report.leaks == ((str(other), str(leak)),)
    assert report.splits == {"train": 3, "val": 1}


@pytest.mark.parametrize(
    ("box", "message", "severity"),
    [
        ((200.0, 10.0, 220.0, 30.0), "lies outside the image", "error"),
        ((-30.0, 10.0, -5.0, 30.0), "lies outside the image", "error"),
        ((50.0, 10.0, 70.0, 30.0), "sticks out of the image", "warning"),
        ((5.0, 10.0, 5.5, 30.0), "less than a pixel", "warning"),
        ((2.0, 10.0, 60.0, 12.0), "over 20 times", "warning"),
    ],
)
def test_absurd_boxes_are_named(
    tmp_path: Path, box: tuple[float, float, float, float], message: str, severity: str
) -> None:
    rows = [(0, GOOD, 0, False), (0, box, 0, False)]
    report = check_dataset(dataset([picture(tmp_path / "a.png", (64, 48))], rows))
    (problem,) = report.problems
    assert message in problem.message
    assert (Path(problem.path).name, problem.severity) == ("a.png", severity)


def test_a_box_that_spills_by_rounding_is_fine(tmp_path: Path) -> None:
    rows = [(0, (-0.5, 0.0, 64.5, 48.2), 0, False)]
    assert not check_dataset(dataset([picture(tmp_path / "a.png", (64, 48))], rows)).problems


def test_the_same_box_twice_is_said_once(tmp_path: Path) -> None:
    rows = [(0, GOOD, 0, False), (0, GOOD, 0, False), (0, GOOD, 1, False), (1, GOOD, 0, False)]
    paths = [picture(tmp_path / "a.png"), picture(tmp_path / "b.png", shade=3)]
    report = check_dataset(dataset(paths, rows))
    assert messages(report.problems) == ["a.png: box 10.0 10.0 30.0 30.0 is there twice"]


def test_unreadable_files_are_named_and_truncated_ones_when_decoded(tmp_path: Path) -> None:
    cut, empty = picture(tmp_path / "cut.jpg", (400, 300)), tmp_path / "empty.png"
    cut.write_bytes(cut.read_bytes()[:-100])
    empty.touch()
    data = dataset([cut, empty], [])
    assert messages(check_dataset(data).problems) == ["empty.png: image file is empty"]
    assert len(check_dataset(data, decode=True).problems) == 2


def test_boxes_of_classes_said_not_to_be_labelled_are_said(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png")
    data = dataset([image], [(0, GOOD, 1, False)], labelled=[[True, False, True]])
    (problem,) = check_dataset(data).problems
    assert "1 images have a bus, but are said not to label it" in problem.message


def test_the_montage_shows_boxes_and_survives_bad_images(tmp_path: Path) -> None:
    image = picture(tmp_path / "ü.png", CELL, shade=0)
    rows = [(0, (50.0, 40.0, 200.0, 160.0), 0, False), (0, (1e9, -1e9, 2e9, 1e9), 1, True)]
    plain = dataset_montage(dataset([image, tmp_path / "gone.png"], []))
    drawn = dataset_montage(dataset([image, tmp_path / "gone.png"], rows))
    changed = (plain != drawn).any(axis=2)
    assert changed[40, 50:200].all()
    assert not changed[41:159, 51:199].any()
    save_picture(drawn, tmp_path / "montage.png")
    assert (tmp_path / "montage.png").stat().st_size > 100
    with pytest.raises(OutputError, match="wanted a name ending in"):
        save_picture(drawn, tmp_path / "montage.xyz")


def test_the_montage_shows_pictures_with_the_boxes_of_their_numbers(tmp_path: Path) -> None:
    text(tmp_path / "clip/gt/gt.txt", "5,1,10,10,20,20,1,1,1\n")
    for number in (1, 5, 9):
        picture(tmp_path / f"clip/img1/{number:06d}.jpg")
    (sequence,) = open_sequences(tmp_path)
    bare = replace(sequence, rows=sequence.rows[:0])
    drawn, plain = (sequences_montage([each], count=4) for each in (sequence, bare))
    assert drawn.shape == plain.shape
    assert (drawn != plain).any()


def test_the_montage_of_a_video_shows_frames_with_tracks(tmp_path: Path) -> None:
    import av

    video = tmp_path / "video.mp4"
    with av.open(str(video), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 64, 48
        for shade in range(0, 200, 20):
            grey = np.full((48, 64, 3), shade, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
        out.mux(stream.encode(None))
    none = np.empty(0)
    rows = TrackRows(none, none, none, none, none, none, none)  # type: ignore[arg-type]
    sequence = Sequence("s", video, 10, (64, 48), 10, ClassList(("car",)), rows, "mot")
    grid = sequences_montage([sequence], count=4)
    shades = [int(grid[y + 100, x + 100, 0]) for y in (0, CELL[1]) for x in (0, CELL[0])]
    assert shades == sorted(shades)
    assert len(set(shades)) == 4
