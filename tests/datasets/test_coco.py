from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acme_tracker.datasets import open_dataset
from acme_tracker.errors import DatasetError
from tests.datasets.making import picture, text


def coco(annotations: list[Any]) -> dict[str, Any]:
    return {
        "images": [
            {"id": 70, "file_name": "a b.JPG", "width": 100, "height": 50},
            {"id": "8", "file_name": "none.jpg", "width": 64, "height": 48},
        ],
        "categories": [{"id": 90, "name": "bus"}, {"id": 3, "name": "car"}],
        "annotations": annotations,
    }


def made(root: Path, content: dict[str, Any]) -> Path:
    text(root / "annotations" / "instances_train2017.json", json.dumps(content, indent=1))
    picture(root / "train2017" / "a b.JPG", (100, 50))
    picture(root / "train2017" / "none.jpg")
    return root


def test_category_ids_are_arbitrary_and_crowds_are_ignored(tmp_path: Path) -> None:
    rows = [
        {"image_id": 70, "category_id": 90, "bbox": [10, 20, 30, 5.5]},
        {"image_id": 70, "category_id": 3, "bbox": [0, 0, 100, 50], "iscrowd": 1},
    ]
    data = open_dataset(made(tmp_path, coco(rows)), split="train")
    assert data.classes.names == ("car", "bus")
    np.testing.assert_allclose(data[0].xyxy, [[10.0, 20.0, 40.0, 25.5], [0.0, 0.0, 100.0, 50.0]])
    assert data[0].class_id.tolist() == [1, 0]
    assert data[0].ignore.tolist() == [False, True]
    assert data[0].size == (100, 50)
    assert data[0].split == "train2017"
    assert len(data[1].xyxy) == 0
    assert data.labelled.all()


def test_of_images_with_one_id_nobody_knows_whose_the_boxes_are(tmp_path: Path) -> None:
    content = coco([{"image_id": 70, "category_id": 3, "bbox": [0, 0, 10, 5]}])
    content["images"][1]["id"] = 70
    content["images"].append({"id": 9, "file_name": "none.jpg"})
    data = open_dataset(made(tmp_path, content))
    assert (data.names, len(data.boxes)) == (("none.jpg",), 0)
    assert [p.message for p in data.problems] == [
        f"images[{number}]: another image has its id, 70: whose boxes is unknown"
        for number in (0, 1)
    ]


def test_names_of_files_may_be_written_as_on_windows(tmp_path: Path) -> None:
    content = coco([])
    content["images"] = [{"id": 1, "file_name": "train2017\\none.jpg"}]
    data = open_dataset(made(tmp_path, content))
    assert (data.names, data.problems) == (("train2017/none.jpg",), ())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"image_id": 70, "category_id": 4, "bbox": [1, 1, 2, 2]}, "category_id 4 is not in"),
        ({"image_id": 70, "category_id": 3}, "wanted bbox"),
        ({"image_id": 70, "category_id": 3, "bbox": [1, 1, -2, 2]}, "got -2 x 2"),
        (
            {"image_id": 70, "category_id": 3, "bbox": [1, 1, float("nan"), 2]},
            "nan is not a finite",
        ),
        ({"image_id": 70, "category_id": 3, "bbox": [1, 1, 2]}, "values to unpack"),
        ({"image_id": 70, "category_id": 3, "bbox": None}, "NoneType"),
        ({"image_id": 7, "category_id": 3, "bbox": [1, 1, 2, 2]}, "image_id is not in images"),
        ("no object", "image_id is not in images"),
    ],
)
def test_a_bad_annotation_is_left_out_with_its_place(
    tmp_path: Path, row: Any, message: str
) -> None:
    good = {"image_id": 70, "category_id": 3, "bbox": [1, 1, 2, 2]}
    data = open_dataset(made(tmp_path, coco([good, row])))
    assert len(data.boxes) == 1
    assert data[0].labelled.any() == ("image_id" in message)
    (problem,) = data.problems
    assert problem.path.endswith("instances_train2017.json")
    assert problem.message.startswith("annotations[1]: ")
    assert message in problem.message


def test_missing_images_are_left_out_by_name(tmp_path: Path) -> None:
    root = made(tmp_path, coco([]))
    (root / "train2017" / "none.jpg").unlink()
    data = open_dataset(root)
    assert len(data) == 1
    assert [str(p) for p in data.problems] == [f"{root}/train2017/none.jpg: image is missing"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{\n"images": [],\n oops', r"json:3: not valid JSON"),
        ('{"images": []}', "wanted a list of annotations"),
        ('{"images": [], "annotations": [], "categories": [{"id": 1}]}', "must have id and name"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"},'
            ' {"id": 2, "name": "a"}]}',
            "unique ids and names",
        ),
        ('{"images": [], "annotations": [], "categories": []}', "no images found"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        open_dataset(text(tmp_path / "labels.json", content))


def test_a_folder_a_split_with_its_json_in_it_is_read(tmp_path: Path) -> None:
    rows = [{"image_id": 70, "category_id": 3, "bbox": [1, 1, 2, 2]}]
    text(tmp_path / "valid" / "_annotations.coco.json", "\ufeff" + json.dumps(coco(rows)))
    picture(tmp_path / "valid" / "a b.JPG")
    data = open_dataset(tmp_path, split="val")
    assert (data.splits, len(data.boxes)) == (("valid",), 1)
