from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import guess_format, open_dataset, write_dataset
from acme_tracker.datasets.registry import IMAGE_WRITERS
from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.datasets.writing import Placement, output_names, safe_name
from acme_tracker.errors import ConfigError, DatasetError, OutputError
from tests.datasets.making import dataset, picture, text

BOX = (1.0, 1.0, 9.0, 9.0)


@pytest.fixture
def data(tmp_path: Path) -> DetectionDataset:
    paths = [picture(tmp_path / "in" / name) for name in ("a.png", "b.png")]
    return dataset(paths, [(0, BOX, 0, False)])


@pytest.mark.parametrize("form", IMAGE_WRITERS)
def test_a_folder_with_files_is_refused_and_untouched(
    form: str, data: DetectionDataset, tmp_path: Path
) -> None:
    kept = text(tmp_path / "out" / "mine.txt", "precious")
    with pytest.raises(
        OutputError, match="out is not empty: choose another folder, or --overwrite"
    ):
        write_dataset(data, tmp_path / "out", form)
    assert [path.name for path in kept.parent.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("form", IMAGE_WRITERS)
def test_overwriting_leaves_no_old_labels_and_only_touches_its_own(
    form: str, data: DetectionDataset, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_dataset(data, out, form)
    kept = text(out / "mine.txt", "precious")
    write_dataset(data.subset([1]), out, form, overwrite=True)
    assert open_dataset(out).names == ("b.png",)
    assert kept.read_text() == "precious"
    assert Path(data.paths[0]).is_file()


@pytest.mark.parametrize("placement", Placement)
@pytest.mark.parametrize("form", IMAGE_WRITERS)
def test_images_that_are_to_be_read_are_never_overwritten(
    form: str, placement: Placement, data: DetectionDataset, tmp_path: Path
) -> None:
    write_dataset(data, tmp_path / "out", form, placement)
    with pytest.raises(OutputError, match="holds images that are to be read"):
        write_dataset(open_dataset(tmp_path / "out"), tmp_path / "out", form, overwrite=True)
    assert len(open_dataset(tmp_path / "out")) == 2


def test_pictures_are_linked_or_copied(data: DetectionDataset, tmp_path: Path) -> None:
    write_dataset(data, tmp_path / "linked", "yolo")
    write_dataset(data, tmp_path / "copied", "yolo", Placement.COPY)
    linked, copied = (tmp_path / how / "images/train/a.png" for how in ("linked", "copied"))
    assert linked.is_symlink()
    assert not copied.is_symlink()
    assert linked.read_bytes() == copied.read_bytes()


def test_yolo_rows_of_boxes_outside_are_cut_or_left_out_and_counted(tmp_path: Path) -> None:
    path = picture(tmp_path / "in" / "a.png", (64, 48))
    rows = [
        (0, (-30.0, 0.0, 10.0, 8.0), 0, False),  # its centre is outside
        (0, (-30.0, 0.0, -10.0, 8.0), 1, False),  # all of it
        (0, (-10.0, 0.0, 30.0, 8.0), 2, False),
    ]
    written = write_dataset(dataset([path], rows), tmp_path / "out", "yolo")
    assert [(left.what, left.count) for left in written.left_out] == [
        ("boxes outside of their images", 1)
    ]
    back = open_dataset(tmp_path / "out")
    assert back.problems == ()
    assert back[0].class_id.tolist() == [0, 2]
    np.testing.assert_allclose(back[0].xyxy, [[0, 0, 10, 8], [-10, 0, 30, 8]], atol=1e-4)


def test_names_that_clash_in_stem_or_case_are_told_apart() -> None:
    names = ["a.png", "a.jpg", "A.PNG", "a_2.png", "../up.png", "/abs.png", "tab\t.png"]
    data = dataset([Path("x")] * 7, [], image_names=names)
    written = output_names(data)
    assert written[:3] == ["train/a.png", "train/a_2.jpg", "train/A_3.PNG"]
    assert written[3] == "train/a_2_2.png"
    assert written[4:] == ["train/up.png", "train/abs.png", "train/tab_.png"]
    assert safe_name("../..") == "unnamed"


def test_unknown_formats_name_the_nearest(data: DetectionDataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write format 'cocoo'; did you mean 'coco'"):
        write_dataset(data, tmp_path / "out", "cocoo")
    with pytest.raises(ConfigError, match="unknown format 'yolov8'; did you mean 'yolo'"):
        open_dataset(tmp_path, format="yolov8")
    with pytest.raises(DatasetError, match="boxes without identities"):
        write_dataset(data, tmp_path / "out", "mot")


def test_nothing_found_lists_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        guess_format(tmp_path)
    for wanted in ("yolo: data.yaml", "coco: *.json", "mot: gt/gt.txt", "folders: folders of"):
        assert wanted in str(caught.value)
    with pytest.raises(DatasetError, match="nowhere: no such file or folder"):
        open_dataset(tmp_path / "nowhere")
