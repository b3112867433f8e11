"""Formats without a writer, against small files written by hand from their specification."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import open_class_folders, open_dataset, write_dataset
from acme_tracker.errors import DatasetError
from tests.datasets.making import dataset, picture, text

VOC = """<annotation>
  <filename>{name}</filename>
  <size><width>100</width><height>50</height><depth>3</depth></size>
  <object>
    <name>car</name><difficult>0</difficult>
    <bndbox><xmin>1</xmin><ymin>11</ymin><xmax>100</xmax><ymax>50</ymax></bndbox>
  </object>
  <object>
    <name>bus</name><difficult>1</difficult>
    <bndbox><xmin>5</xmin><ymin>5</ymin><xmax>5</xmax><ymax>6</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
  </object>
</annotation>
"""


def voc(root: Path, content: str = VOC, name: str = "a.b c.JPEG") -> Path:
    image = picture(root / "JPEGImages" / name, (100, 50))
    text(root / "Annotations" / f"{image.stem}.xml", content.replace("{name}", name))
    return root


def test_voc_counts_pixels_from_one_and_its_edges_are_inside(tmp_path: Path) -> None:
    data = open_dataset(voc(tmp_path))
    assert data.format == "voc"
    assert data.classes.names == ("bus", "car")
    np.testing.assert_array_equal(data[0].xyxy, [[0, 10, 100, 50], [4, 4, 5, 6]])
    assert data[0].class_id.tolist() == [1, 0]
    assert data[0].ignore.tolist() == [False, True]
    assert not data.problems


def test_voc_that_labelimg_verified_is_known(tmp_path: Path) -> None:
    verified = VOC.replace("<annotation>", '<annotation verified="yes">')
    assert open_dataset(voc(tmp_path, verified)).format == "voc"


def test_voc_splits_are_its_image_sets(tmp_path: Path) -> None:
    voc(tmp_path)
    voc(tmp_path, name="second.jpg")
    text(tmp_path / "ImageSets/Main/train.txt", "a.b c\n")
    text(tmp_path / "ImageSets/Main/val.txt", "second\nthird\n")
    text(tmp_path / "ImageSets/Main/trainval.txt", "a.b c\nsecond\n")
    data = open_dataset(tmp_path)
    assert data.splits == ("train", "val")
    (problem,) = data.problems
    assert str(problem).endswith("third.xml: cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<xmin>1<", "<xmin>NaN<", "a.b c.xml:4: 'NaN' is not a finite number"),
        ("<xmin>5<", "<xmin>9<", "a.b c.xml:8: box must not be inverted, got 9 5 5 6"),
        ("<xmax>5</xmax>", "", "8: object must have bndbox with xmin, ymin, xmax, ymax"),
        ("<name>car</name>", "", "a.b c.xml:4: object has no name"),
    ],
)
def test_a_bad_voc_object_has_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    data = open_dataset(voc(tmp_path, VOC.replace(old, new, 1)))
    assert len(data.boxes) == 1
    assert [str(p).endswith(message) for p in data.problems] == [True]


def test_a_broken_voc_file_and_a_lone_image_are_named(tmp_path: Path) -> None:
    voc(tmp_path)
    voc(tmp_path, "<annotation>\n<object>\n</annotation>", "broken.jpg")
    picture(tmp_path / "JPEGImages" / "lone.jpg")
    data = open_dataset(tmp_path)
    said = [str(p).removeprefix(f"{tmp_path}/") for p in data.problems]
    assert said[0].startswith("Annotations/broken.xml:3: not valid XML: mismatched tag")
    assert said[-1] == "JPEGImages/lone.jpg: image without an annotation file: left out"


KITTI = """Car 0.00 1 -1.57 10.5 20.0 30.5 40.0 1.5 1.6 3.7 1.0 1.7 13.2 -1.62
DontCare -1 -1 -10 0 0 50.5 12 -1 -1 -1 -1000 -1000 -1000 -10
"""


def kitti(root: Path, rows: str = KITTI) -> Path:
    picture(root / "training/image_2/000000.png", (100, 50))
    text(root / "training/label_2/000000.txt", rows)
    return root


def test_kitti_boxes_and_regions_not_to_care_about(tmp_path: Path) -> None:
    data = open_dataset(kitti(tmp_path))
    np.testing.assert_array_equal(data[0].xyxy, [[10.5, 20, 30.5, 40], [0, 0, 50.5, 12]])
    assert data[0].class_id.tolist() == [data.classes.id_of("Car"), -1]
    assert data[0].ignore.tolist() == [False, True]
    assert (data.format, data[0].split, data[0].size) == ("kitti", "training", (100, 50))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Cra" + KITTI.splitlines()[0][3:], "unknown class 'Cra'; did you mean 'Car'?"),
        ("Car 0 0", "row must have at least 15 columns from the type on, got 3"),
        (KITTI.splitlines()[0].replace("30.5", "nan"), "'nan' is not a finite number"),
        (KITTI.splitlines()[0].replace("30.5", "9"), "wider and higher than 0, got -1.5 x 20"),
    ],
)
def test_a_bad_kitti_row_has_its_line(tmp_path: Path, row: str, message: str) -> None:
    data = open_dataset(kitti(tmp_path, KITTI + row))
    (problem,) = data.problems
    assert problem.line == 3
    assert message in problem.message


def test_folders_by_class_are_for_classifiers(tmp_path: Path) -> None:
    for name in ("train/car/a.JPG", "train/bus/b c.png", "val/car/d.jpg", "val/loose.jpg"):
        picture(tmp_path / name)
    images = open_class_folders(tmp_path)
    assert images.classes.names == ("bus", "car")
    assert images.class_id.tolist() == [0, 1, 1]
    assert images.splits == ("train", "train", "val")
    assert [str(p) for p in images.problems] == [
        f"{tmp_path}/val/loose.jpg: image in no class folder"
    ]
    with pytest.raises(DatasetError, match="pictures by class, but no boxes"):
        open_dataset(tmp_path)


CVAT = """<annotations><version>1.1</version>
<image id="0" name="sub/a.jpg" width="64" height="48">
  <box label="car" xtl="1.5" ytl="2" xbr="10" ybr="20"/>
  <polygon label="bus" points="1,2;30.5,4;5,40"/>
  <box label="car" xtl="1.5" ytl="x" xbr="10" ybr="20"/>
  <tag label="rainy"/>
</image>
<image id="1" name="gone.jpg"/>
</annotations>"""


def test_cvat_exports_are_read(tmp_path: Path) -> None:
    text(tmp_path / "annotations.xml", CVAT)
    picture(tmp_path / "images/sub/a.jpg")
    data = open_dataset(tmp_path)
    assert data.classes.names == ("bus", "car")
    np.testing.assert_array_equal(data[0].xyxy, [[1.5, 2, 10, 20], [1, 2, 30.5, 40]])
    assert [str(p).removeprefix(f"{tmp_path}/") for p in data.problems] == [
        "annotations.xml:5: 'x' is not a number",
        "annotations.xml:8: image 'gone.jpg' is missing",
    ]


def test_cvat_shapes_become_the_boxes_around_them_or_are_said(tmp_path: Path) -> None:
    shapes = (
        '<ellipse label="car" cx="20" cy="10" rx="5" ry="4"/>'
        '<mask label="car" left="1" top="2" width="30" height="20" rle="1, 2"/>'
        '<box label="car" xtl="1" ytl="2" xbr="9" ybr="8" rotation="x"/>'
    )
    image = '<image id="0" name="a.jpg" width="64" height="48">%s</image>'
    text(tmp_path / "annotations.xml", f"<annotations>{image % shapes}</annotations>")
    picture(tmp_path / "images/a.jpg")
    data = open_dataset(tmp_path)
    np.testing.assert_array_equal(data[0].xyxy, [[15, 6, 25, 14], [1, 2, 31, 22], [1, 2, 9, 8]])
    assert data.labelled.all()
    cuboid = '<cuboid label="car" xtl1="1"/>'
    text(tmp_path / "annotations.xml", f"<annotations>{image % cuboid}</annotations>")
    data = open_dataset(tmp_path)
    assert "a cuboid is no box" in data.problems[0].message
    assert not data.labelled.any()


@pytest.mark.parametrize("inside", ["", "images/"])
def test_what_a_cvat_task_exports_keeps_its_splits_and_masks(tmp_path: Path, inside: str) -> None:
    """CVAT names subsets in exports of projects alone."""
    paths = [picture(tmp_path / "in" / name) for name in ("a.png", "b.png")]
    mask, splits = [[True, False], [True, True]], ["train", "val"]
    write_dataset(dataset(paths, [], ("car", "bus"), mask, splits), tmp_path / "out", "cvat")
    file = tmp_path / "out/annotations.xml"
    exported = re.sub(r' subset="\w+"', "", file.read_text())
    file.write_text(exported.replace('name="', f'name="{inside}'))
    back = open_dataset(tmp_path / "out")
    assert (back.names, back.splits) == (("a.png", "b.png"), ("train", "val"))
    assert back.labelled.tolist() == mask


def test_a_missing_picture_is_not_another_one_of_its_name(tmp_path: Path) -> None:
    named = "".join(f'<image id="{i}" name="cam{i}/0001.jpg"/>' for i in (1, 2))
    text(tmp_path / "cvat/annotations.xml", f"<annotations>{named}</annotations>")
    urls = (f'{{"data": {{"image": "/files/cam{i}/0001.jpg"}}}}' for i in (1, 2))
    text(tmp_path / "studio/tasks.json", f"[{', '.join(urls)}]")
    for form in ("cvat", "studio"):
        picture(tmp_path / form / "images/cam2/0001.jpg")
        data = open_dataset(tmp_path / form)
        assert len(data) == 1, form
        assert "cam1/0001.jpg' is missing" in data.problems[0].message


def named_pictures(root: Path, names: list[str]) -> dict[str, Path]:
    """A data set a reader, whose label file has these names for its pictures, and other.jpg."""
    names = [*names, "other.jpg"]
    for form in ("cvat", "label-studio"):
        picture(root / form / "images/other.jpg")
    images = "".join(f'<image id="{i}" name="{name}"/>' for i, name in enumerate(names))
    text(root / "cvat/annotations.xml", f"<annotations>{images}</annotations>")
    tasks = [{"data": {"image": name}} for name in names]
    text(root / "label-studio/tasks.json", json.dumps(tasks))
    return {form: root / form for form in ("cvat", "label-studio")}


@pytest.mark.parametrize(
    ("named", "there", "found"),
    [
        ("a.jpg", "shots/a.jpg", ["shots/a.jpg"]),
        ("x/a.jpg", "shots/a.jpg", ["shots/a.jpg"]),
        ("x/a.jpg", "a.jpg", ["a.jpg"]),
        ("x/1/a.jpg", "shots/1/a.jpg shots/2/a.jpg", ["shots/1/a.jpg"]),  # by its folder
        ("x/a.jpg", "shots/1/a.jpg shots/2/a.jpg", []),  # two that it may be
        ("x/a.jpg", "a.jpg shots/a.jpg", []),
        ("a.jpg", "a.jpg shots/a.jpg", ["a.jpg"]),  # as spelt
        ("x/1/a.jpg y/1/a.jpg", "shots/1/a.jpg", []),  # two that may be it
    ],
)
def test_cvat_and_label_studio_find_pictures_in_one_way(
    tmp_path: Path, named: str, there: str, found: list[str]
) -> None:
    for form, root in named_pictures(tmp_path, named.split()).items():
        for name in there.split():
            picture(root / name)
        data = open_dataset(root)
        assert data.format == form
        paths = [Path(path).relative_to(root).as_posix() for path in data.paths]
        assert paths == [*found, "images/other.jpg"], form
        assert len(data.problems) == len(named.split()) - len(found), form


def test_two_uploads_are_not_one_picture(tmp_path: Path) -> None:
    names = ["/data/upload/1/0a1b2c3d-a.jpg", "/data/upload/2/4e5f6a7b-a.jpg"]
    root = named_pictures(tmp_path, names)["label-studio"]
    picture(root / "shots/a.jpg")
    assert open_dataset(root).names == ("other.jpg",)


def test_a_name_that_no_file_can_have_is_of_a_missing_picture(tmp_path: Path) -> None:
    for root in named_pictures(tmp_path, [300 * "x" + ".jpg", 3000 * "ab/" + "a.jpg"]).values():
        messages = [problem.message for problem in open_dataset(root).problems]
        assert [message[-10:] for message in messages] == ["is missing"] * 2


def test_label_studio_shapes_become_the_boxes_around_them_or_are_said(tmp_path: Path) -> None:
    shapes = [
        ("polygonlabels", '"points": [[25, 50], [75, 50], [50, 100]]'),
        ("ellipselabels", '"x": 50, "y": 50, "radiusX": 25, "radiusY": 50'),
    ]
    results = [
        f'{{"type": "{kind}", "value": {{{value}, "{kind}": ["car"]}}}}' for kind, value in shapes
    ]
    task = '[{"data": {"image": "a.jpg"}, "annotations": [12, {"result": [%s]}]}]'
    text(tmp_path / "tasks.json", task % ", ".join(results))
    picture(tmp_path / "a.jpg", (64, 48))
    data = open_dataset(tmp_path)
    np.testing.assert_array_equal(data[0].xyxy, [[16, 24, 48, 48], [16, 0, 48, 48]])
    text(tmp_path / "tasks.json", task % '{"type": "brushlabels", "value": null}')
    data = open_dataset(tmp_path)
    assert "brushlabels has no box" in data.problems[0].message
    assert not data.labelled.any()


def test_label_studio_exports_of_uploaded_images_are_read(tmp_path: Path) -> None:
    value = (
        '{"x": 25, "y": 50, "width": 50, "height": 25, "rotation": 0, "rectanglelabels": ["car"]}'
    )
    result = f'{{"id": "r", "type": "rectanglelabels", "value": {value}}}'
    task = '{"data": {"image": "/data/upload/1/0a1b2c3d-%s"}, "annotations": [%s]}'
    tasks = [
        task % ("a%20b.jpg", f'{{"result": [{result}]}}, {{"was_cancelled": true, "result": []}}'),
        task % ("c.jpg", ""),
        task % ("gone.jpg", ""),
    ]
    text(tmp_path / "export.json", f"[{', '.join(tasks)}]")
    picture(tmp_path / "images/a b.jpg", (64, 48))
    picture(tmp_path / "images/c.jpg")
    data = open_dataset(tmp_path)
    assert data.format == "label-studio"
    np.testing.assert_allclose(data[0].xyxy, [[16, 24, 48, 36]])
    assert data.labelled[:, 0].tolist() == [True, False]
    assert "tasks[2]: image" in data.problems[0].message
