from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import open_dataset
from acme_tracker.errors import DatasetError
from tests.datasets.making import picture, text

YAML = "train: images/train\nval: images/val\nnames: [car, bus]\n"


def made(root: Path, labels: str | None, name: str = "a.jpg", encoding: str = "utf-8") -> Path:
    text(root / "data.yaml", YAML)
    image = picture(root / "images" / "train" / name, (100, 50))
    picture(root / "images" / "val" / "v.jpg")
    text(root / "labels" / "val" / "v.txt", "")
    if labels is not None:
        text(root / "labels" / "train" / f"{image.stem}.txt", labels, encoding)
    return root


def test_rows_become_pixels(tmp_path: Path) -> None:
    data = open_dataset(made(tmp_path, "1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.2 0.2\n"), split="train")
    (image,) = data
    np.testing.assert_allclose(image.xyxy, [[40, 15, 60, 35], [0, 0, 20, 10]], atol=1e-4)
    assert image.class_id.tolist() == [1, 0]
    assert image.size == (100, 50)
    assert (image.split, image.name) == ("train", "a.jpg")


def test_a_polygon_counts_as_the_box_around_it(tmp_path: Path) -> None:
    data = open_dataset(made(tmp_path, "0 0.1 0.2 0.5 0.4 0.3 0.8"), split="train")
    np.testing.assert_allclose(data[0].xyxy, [[10, 10, 50, 40]], atol=1e-4)


def test_an_empty_label_file_is_background_and_a_missing_one_unknown(tmp_path: Path) -> None:
    background = open_dataset(made(tmp_path / "empty", ""), split="train")
    unknown = open_dataset(made(tmp_path / "missing", None), split="train")
    assert background[0].labelled.all()
    assert not background.problems
    assert not unknown[0].labelled.any()
    assert "a.txt: label file is missing" in str(unknown.problems[0])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0 0.5 0.5 0.1", "got 4 values"),
        ("0 0.5 0.5 0.1 0.1 0.9", "got 6 values"),
        ("0 0.5 nan 0.1 0.1", "'nan' is not a finite number"),
        ("0 0.5 0.5 inf 0.1", "'inf' is not a finite number"),
        ("0 0.5 half 0.1 0.1", "'half' is not a number"),
        ("car 0.5 0.5 0.1 0.1", "'car' is not a number"),
        ("0.5 0.5 0.5 0.1 0.1", "'0.5' is not a whole number"),
        ("2 0.5 0.5 0.1 0.1", r"class 2 is none of 0..1 \(car, bus\)"),
        ("-1 0.5 0.5 0.1 0.1", "class -1 is none of"),
        ("0 0.5 0.5 -0.1 0.1", "wider and higher than 0, got -0.1 x 0.1"),
        ("0 0.5 0.5 0 0.1", "wider and higher than 0"),
        ("0 320 200 50 40", "must lie in 0..1 of the image, got 320 200 50 40"),
    ],
)
def test_a_bad_row_is_left_out_with_its_file_and_line(
    tmp_path: Path, row: str, message: str
) -> None:
    root = made(tmp_path, f"0 0.5 0.5 0.2 0.2\n\n{row}\n")
    data = open_dataset(root)
    assert len(data.boxes) == 1
    assert not data[0].labelled.any()  # what the row says is there is no background
    (problem,) = data.problems
    assert (Path(problem.path).name, problem.line, problem.severity) == ("a.txt", 3, "error")
    with pytest.raises(DatasetError, match=rf"a\.txt:3: .*{message}"):
        open_dataset(root, strict=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_line_ends_do_not_matter(tmp_path: Path, encoding: str) -> None:
    rows = "\t0 0.5 0.5 0.2 0.2  \r\n1 0.2 0.2 0.1 0.1\r\n"
    data = open_dataset(made(tmp_path, rows, encoding=encoding), split="train")
    assert data[0].class_id.tolist() == [0, 1]
    assert not data.problems


@pytest.mark.parametrize(
    "name", ["with space.jpg", "dots.in.name.JPG", "ünï.JPEG", "交通.jpg", "images.jpg"]
)
def test_odd_file_names_find_their_labels(tmp_path: Path, name: str) -> None:
    data = open_dataset(made(tmp_path, "0 0.5 0.5 0.2 0.2", name), split="train")
    assert (data[0].name, len(data.boxes), data.problems) == (name, 1, ())


def test_images_in_folders_of_folders_have_theirs_too(tmp_path: Path) -> None:
    root = made(tmp_path, "0 0.5 0.5 0.2 0.2", "deep/er/b.jpg")
    text(root / "labels/train/deep/er/b.txt", "1 0.5 0.5 0.2 0.2")
    data = open_dataset(root, split="train")
    assert data[0].name == "deep/er/b.jpg"
    assert data[0].class_id.tolist() == [1]


def test_unreadable_images_and_lone_labels_are_named(tmp_path: Path) -> None:
    root = made(tmp_path, "")
    (root / "images/train/empty.jpg").touch()
    text(root / "images/train/noise.png", "no picture")
    text(root / "labels/train/lone.txt", "")
    data = open_dataset(root)
    said = sorted(f"{Path(p.path).name}: {p.message}" for p in data.problems)
    assert said == [
        "empty.jpg: image file is empty",
        "lone.txt: label file without an image",
        "noise.png: image cannot be read: not a picture, or damaged",
    ]
    assert len(data) == 2


def test_names_may_be_numbered(tmp_path: Path) -> None:
    root = made(tmp_path, "2 0.5 0.5 0.2 0.2")
    text(root / "data.yaml", "train: images/train\nnames:\n  2: bus\n  0: car\n")
    assert open_dataset(root).classes.names == ("car", "class_1", "bus")


@pytest.mark.parametrize("train", ["../images/train", "[images/train]", "list.txt"])
def test_splits_may_be_lists_files_and_exports_with_dots(tmp_path: Path, train: str) -> None:
    root = made(tmp_path / "set", "0 0.5 0.5 0.2 0.2")
    text(root / "list.txt", "./images/train/a.jpg\r\nimages/train/gone.jpg\n")
    text(root / "data.yaml", f"path: /of/another/machine\ntrain: {train}\nnames: [car, bus]\n")
    data = open_dataset(root)
    assert len(data.boxes) == 1
    assert [str(p) for p in data.problems] == (
        [f"{root}/list.txt:2: image images/train/gone.jpg is missing"] if "list" in train else []
    )


def test_folders_with_classes_txt_need_no_yaml(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text(tmp_path / "labels" / "a.txt", "1 0.5 0.5 0.2 0.2")
    text(tmp_path / "classes.txt", "car\nbus\n")
    data = open_dataset(tmp_path)
    assert data.splits == ("",)
    assert data.classes.names[data[0].class_id[0]] == "bus"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("names: [car]", "wanted train:, val: or test:"),
        ("train: images/train", "wanted names: a list of classes, got None"),
        ("train: images/train\nnames: [car, car]", "class names must be unique"),
        ("train: images/train\nnames: {a: car}", "names must be numbered from 0: 'a'"),
        ("train: [unclosed", "data.yaml:1 is not valid YAML"),
        ("train: nowhere\nnames: [car]", "no images found .*split 'train' are missing"),
    ],
)
def test_a_bad_description_is_one_line(tmp_path: Path, yaml: str, message: str) -> None:
    root = made(tmp_path, "")
    text(root / "data.yaml", yaml)
    with pytest.raises(DatasetError, match=message) as caught:
        open_dataset(root / "data.yaml")
    assert "\n" not in str(caught.value)


def test_an_unknown_split_names_the_nearest(tmp_path: Path) -> None:
    root = made(tmp_path, "")
    with pytest.raises(DatasetError, match="no split 'trian'; did you mean 'train'"):
        open_dataset(root, split="trian")
    assert set(open_dataset(root, split="valid").splits) == {"val"}
