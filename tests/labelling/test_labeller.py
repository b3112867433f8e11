from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from acme_tracker.datasets import LabelledImage, open_dataset, write_dataset
from acme_tracker.datasets.writing import Placement
from acme_tracker.errors import DatasetError, OutputError, SourceError
from acme_tracker.frames import Frame
from acme_tracker.labelling.inputs import LabelWarning, around, open_inputs
from acme_tracker.labelling.labeller import label_inputs
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.teachers import Teacher
from tests.datasets.making import dataset, picture, text
from tests.labelling.seeing import PICTURE, Box, coarse, fine

BUS: Box = (10, 10, 40, 30)


def run(
    words: list[str], out: Path, *teachers: Teacher, leave: tuple[str, ...] = (), **settings: float
) -> dict[str, LabelledImage]:
    """Label, and read back by name."""
    label_inputs(
        open_inputs(words),
        teachers or (coarse((BUS, 0.9, "vehicle")), fine((BUS, 0.9, "bus"))),
        LabelSettings.load(None, settings),
        out,
        aspects={},
        leave=leave,
        placement=Placement.LINK,
        watch=lambda _: None,
    )
    return {image.name: image for image in open_dataset(out, strict=True)}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds at 10 frames a second."""
    path = tmp_path / "my clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for shade in range(20):
        writer.write(np.full((48, 64, 3), 10 * shade, np.uint8))
    writer.release()
    return path


@pytest.fixture
def labelled_set(tmp_path: Path) -> Path:
    """Images seen_0, held_0 (train) and val_0 (val), each with a human car."""
    paths = [picture(tmp_path / "made" / f"{name}_0.jpg") for name in ("seen", "held", "val")]
    car = (42, 30, 60, 44)
    rows = [(image, car, 0, False) for image in range(3)]
    made = dataset(paths, rows, splits=["train", "train", "val"])
    write_dataset(made, tmp_path / "human", "yolo", Placement.COPY)
    return tmp_path / "human"


def test_a_clip_becomes_a_data_set_that_keeps_its_name(clip: Path, tmp_path: Path) -> None:
    images = run([str(clip)], tmp_path / "out", every_s=0.5)
    assert list(images) == [f"my_clip_{index:06d}.jpg" for index in (0, 5, 10, 15)]
    for image in images.values():
        np.testing.assert_allclose(image.xyxy, [BUS], atol=1e-4)
        assert image.size == (64, 48)
        assert image.labelled.all()
    assert open_dataset(tmp_path / "out").classes.names == (
        *("person", "bicycle", "car", "motorcycle", "bus", "truck", "vehicle", "bike"),
    )
    assert (tmp_path / "out/montage_1.jpg").is_file()


def test_frames_at_most_are_spread_over_the_clip(clip: Path, tmp_path: Path) -> None:
    images = run([str(clip)], tmp_path / "out", every_s=0.1, most=2)
    assert list(images) == ["my_clip_000000.jpg", "my_clip_000010.jpg"]


def test_the_same_footage_gives_the_same_labels(clip: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run([str(clip)], tmp_path / name)
    for file in ("annotations/instances_train.json", "origin.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_pictures_of_any_size_are_labelled(tmp_path: Path) -> None:
    picture(tmp_path / "pictures/a.jpg")
    picture(tmp_path / "pictures/b.png", (100, 80))
    images = run([str(tmp_path / "pictures")], tmp_path / "out")
    assert {name: len(image.xyxy) for name, image in images.items()} == {"a.jpg": 1, "b.png": 1}


def test_a_data_set_is_completed_but_for_what_is_held_out(
    labelled_set: Path, tmp_path: Path
) -> None:
    images = run([str(labelled_set)], tmp_path / "out", leave=("held_",))
    names = open_dataset(tmp_path / "out").classes.names
    said = {n: [names[c] for c in image.class_id] for n, image in images.items()}
    assert said == {"seen_0.jpg": ["car", "bus"], "held_0.jpg": ["car"], "val_0.jpg": ["car"]}
    assert [image.split for image in images.values()] == ["train", "train", "val"]
    human = open_dataset(labelled_set)
    for before, after in zip(human, images.values(), strict=True):
        np.testing.assert_allclose(after.xyxy[:1], before.xyxy, atol=1e-3)
    known = {n: {names[c] for c in np.flatnonzero(i.labelled)} for n, i in images.items()}
    assert known["held_0.jpg"] == known["val_0.jpg"] == {"car", "bus", "truck"}
    assert known["seen_0.jpg"] == set(names)


def test_the_origin_says_who_labelled_and_how_much(labelled_set: Path, tmp_path: Path) -> None:
    run([str(labelled_set)], tmp_path / "out", leave=("held_",))
    origin = json.loads((tmp_path / "out/origin.json").read_text())
    assert [teacher["name"] for teacher in origin["teachers"]] == ["coarse", "fine"]
    assert origin["complete"] is True
    assert origin["labels"] == {
        "car": {"by_people": 3, "by_teachers": 0, "to_ignore": 0},
        "bus": {"by_people": 0, "by_teachers": 1, "to_ignore": 0},
    }


class Stops:
    """A teacher's detector that is interrupted on its third picture."""

    def __init__(self) -> None:
        self.classes, self.looks = fine().detector.classes, 0

    def detect(self, images: list[np.ndarray]) -> list[object]:
        self.looks += 1
        if self.looks == 3:
            raise KeyboardInterrupt
        return list(fine((BUS, 0.9, "bus")).detector.detect(images))


def test_interrupted_it_leaves_what_was_labelled(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"pictures/{name}.jpg")
    with pytest.raises(KeyboardInterrupt):
        run([str(tmp_path / "pictures")], tmp_path / "out", Teacher("stops", Stops(), 0.5))  # type: ignore[arg-type]
    assert [image.name for image in open_dataset(tmp_path / "out")] == ["a.jpg", "b.jpg"]
    assert json.loads((tmp_path / "out/origin.json").read_text())["complete"] is False


def test_a_folder_with_files_is_refused(clip: Path, tmp_path: Path) -> None:
    picture(tmp_path / "out/a.jpg")
    with pytest.raises(OutputError, match="is not empty"):
        run([str(clip)], tmp_path / "out")


def test_nothing_to_label_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for word in ("empty", "none.mp4"):
        with pytest.raises(SourceError, match=word):
            open_inputs([str(tmp_path / word)])


def test_videos_and_pictures_of_one_folder_are_both_labelled(clip: Path, tmp_path: Path) -> None:
    picture(tmp_path / "thumb.jpg")
    inputs = open_inputs([str(tmp_path)])
    assert (inputs.videos, inputs.pictures) == ((str(clip),), (tmp_path / "thumb.jpg",))
    assert "thumb.jpg" in run([str(tmp_path)], tmp_path / "out", every_s=1)


def test_what_of_a_folder_is_left_out_is_said(clip: Path, tmp_path: Path) -> None:
    picture(tmp_path / "taken before/a.jpg")
    with pytest.warns(LabelWarning, match="1 pictures in its folders are left out"):
        assert open_inputs([str(tmp_path)]).pictures == ()
    clip.rename(tmp_path / "taken before" / clip.name)
    with pytest.warns(LabelWarning, match="1 videos in its folders are left out"):
        inputs = open_inputs([str(tmp_path)])
    assert (len(inputs.videos), len(inputs.pictures)) == (0, 1)


@pytest.mark.parametrize("labels", ["labels.csv", "ann/a.jpg.json", "a.txt", "txt/a.txt"])
def test_labels_of_no_known_format_are_said_not_to_be_read(tmp_path: Path, labels: str) -> None:
    picture(tmp_path / "img/a.jpg")
    text(tmp_path / "README.txt", "no labels")
    file = text(tmp_path / labels, "car 1 2 3 4\n")
    with pytest.warns(LabelWarning, match=f"{file} looks like labels, but of no format"):
        assert len(open_inputs([str(tmp_path)]).pictures) == 1


def test_pictures_with_other_files_beside_them_are_bare(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "README.txt", "no labels")
    assert len(open_inputs([str(tmp_path)]).pictures) == 1


def test_a_description_that_nobody_understands_is_no_video(tmp_path: Path) -> None:
    file = text(tmp_path / "labels.xml", "<x/>")
    with pytest.raises(DatasetError, match=r"labels\.xml: no data set found; looked for"):
        open_inputs([str(file)])


def frames(rate: float, count: int) -> Iterator[Frame]:
    return (Frame.of_image(PICTURE, index, index / rate) for index in range(count))


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (10, [(None, 0, 3), (2, 5, 8), (7, 10, 13), (12, 15, 18)]),
        (2, [(None, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, None)]),
        (1, [(None, 0, 1), (0, 1, 2), (1, 2, None)]),
    ],
)
def test_each_frame_comes_with_its_neighbours(
    rate: float, expected: list[tuple[int | None, int, int | None]]
) -> None:
    count = {10: 20, 2: 4, 1: 3}[int(rate)]
    got = around(frames(rate, count), every_s=0.5, aside_s=0.3)
    assert [tuple(f.index if f else None for f in each) for each in got] == expected
