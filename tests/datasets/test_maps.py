from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import combine, map_classes, open_dataset, parse_class_map, with_classes
from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.errors import ConfigError, DatasetError
from tests.datasets.making import dataset, picture, text

BOX = (1.0, 1.0, 5.0, 5.0)


def one_image(
    names: list[str], labelled: list[bool] | None = None, boxes: list[int] | None = None
) -> DetectionDataset:
    """One image with a box of each class, or of those given."""
    rows = [(0, BOX, c, False) for c in (range(len(names)) if boxes is None else boxes)]
    return dataset([Path("a.jpg")], rows, names, None if labelled is None else [labelled])


def test_a_class_map_is_read() -> None:
    wanted = {"car": "vehicle", "bus": "vehicle", "van": None}
    assert parse_class_map("car=vehicle, bus = vehicle,van=") == wanted
    assert parse_class_map(["car=vehicle,bus=vehicle", "van="]) == wanted


@pytest.mark.parametrize("words", ["car", "=car", "car=a,car=b"])
def test_a_bad_class_map_is_a_config_error(words: str) -> None:
    with pytest.raises(ConfigError, match="--map"):
        parse_class_map(words)


def mapped(data: DetectionDataset, words: str) -> tuple[tuple[str, ...], list[int], list[bool]]:
    new = map_classes(data, parse_class_map(words))
    return new.classes.names, new.boxes.class_id.tolist(), new.labelled[0].tolist()


def test_classes_merge_rename_and_go() -> None:
    data = one_image(["person", "car", "van", "bus"])
    names, boxes, labelled = mapped(data, "car=vehicle,bus=vehicle,van=,person=walker")
    assert names == ("walker", "vehicle")
    assert boxes == [0, 1, 1]
    assert labelled == [True, True]


def test_classes_may_swap_names() -> None:
    assert mapped(one_image(["a", "b"]), "a=b,b=a")[:2] == (("b", "a"), [0, 1])


def test_regions_stay_regions() -> None:
    data = dataset([Path("a.jpg")], [(0, BOX, -1, True), (0, BOX, 2, True)])
    assert map_classes(data, {"car": None}).boxes.class_id.tolist() == [-1, 1]


def test_a_class_map_with_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="--map: unknown class 'carr'; did you mean 'car'"):
        map_classes(one_image(["car", "bus"]), {"carr": "x"})


def test_a_super_class_in_the_map_stands_for_its_members() -> None:
    names, _, _ = mapped(one_image(["car", "bus", "person"]), "vehicle=four_wheels,bus=bus")
    assert names == ("four_wheels", "bus", "person")


MERGE = "car=vehicle,bus=vehicle,truck=vehicle"
FINE = ["car", "bus", "truck"]


def test_a_merged_class_is_labelled_only_where_all_its_parts_are() -> None:
    assert mapped(one_image(FINE, [True, True, False], [0]), MERGE)[2] == [False]
    assert mapped(one_image(FINE, [True, True, True]), MERGE)[2] == [True]


def test_sources_of_vehicles_and_of_cars_become_one() -> None:
    coarse, fine = one_image(["vehicle"]), one_image(FINE)
    partial = one_image(FINE, [True, True, False], [0])
    both = combine([coarse, fine, partial])
    assert both.classes.names == ("vehicle", *FINE)
    # A vehicle may be a car: no image says both.
    assert both.labelled.tolist() == [
        [True, False, False, False],
        [False, True, True, True],
        [False, True, True, False],
    ]
    merged = map_classes(both, parse_class_map(MERGE))
    assert merged.classes.names == ("vehicle",)
    assert merged.labelled[:, 0].tolist() == [True, True, False]
    assert len(merged.boxes) == 1 + 3 + 1


def test_a_super_class_is_not_covered_by_members_that_stay_apart() -> None:
    both = combine([one_image(["vehicle"]), one_image(FINE)])
    merged = map_classes(both, parse_class_map("car=vehicle,bus=vehicle"))
    assert merged.labelled[:, merged.classes.id_of("vehicle")].tolist() == [True, False]


def test_choosing_classes_keeps_what_is_unknown_unknown() -> None:
    data = combine([one_image(["vehicle", "person"]), one_image(["car"])])
    chosen = with_classes(data, ["bicycle", "car"])
    assert chosen.labelled.tolist() == [[False, False], [False, True]]
    # The vehicle might be a car: nothing to learn there. The person is none.
    assert chosen.boxes.class_id.tolist() == [-1, 1]
    assert chosen.boxes.ignore.tolist() == [True, False]


def test_a_member_that_goes_is_one_of_its_super_class_where_that_is_labelled() -> None:
    both = combine([one_image(["bus", "car", "vehicle"]), one_image(["bus", "car"])])
    chosen = with_classes(both, ["bus", "vehicle"])
    # On the second image nobody says where vehicles are not: the car's place says "no bus" there.
    assert chosen.labelled.tolist() == [[True, True], [True, False]]
    assert chosen.boxes.image.tolist() == [0, 0, 0, 1]
    assert chosen.boxes.class_id.tolist() == [0, 1, 1, 0]
    assert not chosen.boxes.ignore.any()


def test_combining_keeps_images_and_boxes_together(tmp_path: Path) -> None:
    first = dataset([Path("a"), Path("b")], [(1, BOX, 0, False)], ["car"])
    second = dataset([Path("c")], [(0, BOX, 1, False), (0, BOX, -1, True)], ["bus", "car"])
    both = combine([first, second])
    assert [image.path.name for image in both] == ["a", "b", "c"]
    assert [image.class_id.tolist() for image in both] == [[], [0], [0, -1]]
    assert both.classes.names == ("car", "bus")


def test_a_data_set_is_cut_and_pickles() -> None:
    rows = [(i, (0, 0, i + 1, 5), 0, False) for i in (0, 0, 2, 2, 2)]
    data = dataset([Path(n) for n in "abc"], [(i, b, c, g) for i, b, c, g in rows])
    cut = pickle.loads(pickle.dumps(data)).subset([2, 1, 0])
    assert [image.path.name for image in cut] == ["c", "b", "a"]
    assert [len(image.xyxy) for image in cut] == [3, 0, 2]
    assert cut[0].xyxy[0].tolist() == [0, 0, 3, 5]
    assert len(data.subset([])) == 0


SOURCES = """{"road": {"labelled_classes": ["car", "bus"]},
 "road_wet": {"labelled_classes": ["vehicle"]},
 "list": {"labelled_classes": [], "images": ["train/x.jpg"]}}"""


def sourced(root: Path, sources: str) -> Path:
    text(root / "data.yaml", "train: images/train\nnames: [car, bus, truck, person]")
    for name in ("road_1", "road_wet_1", "x", "y"):
        picture(root / f"images/train/{name}.jpg")
        text(root / f"labels/train/{name}.txt", "")
    text(root / "sources.json", sources)
    return root


def test_sources_say_what_is_labelled_by_the_longest_beginning(tmp_path: Path) -> None:
    data = open_dataset(sourced(tmp_path, SOURCES))
    masks = dict(zip(data.names, data.labelled.astype(int).tolist(), strict=True))
    assert masks == {
        "road_1.jpg": [1, 1, 0, 0],
        "road_wet_1.jpg": [1, 1, 1, 0],
        "x.jpg": [0, 0, 0, 0],
        "y.jpg": [1, 1, 1, 1],
    }
    assert [p.message for p in data.problems] == ["1 images belong to no source, such as y.jpg"]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ('{"road": {"labelled_classes": ["caar"]}}', "road: unknown class 'caar'; did you mean"),
        ('{"road": ["car"]}', "road: wanted a list of labelled_classes"),
        ("[]", "wanted sources by name, got a list"),
        ('{\n"road": }', "sources.json:2: not valid JSON"),
    ],
)
def test_bad_sources_are_one_line(tmp_path: Path, sources: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        open_dataset(sourced(tmp_path, sources))


def test_a_hundred_thousand_images_stay_small() -> None:
    count = 100_000
    names, paths = ["car", "bus"], [Path(f"{i}.jpg") for i in range(count)]
    data = dataset(paths, [], names)
    assert len(data.subset(np.arange(0, count, 2))) == count // 2
    assert len(pickle.dumps(data)) < 50 * count
