from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datatypes import ROAD_USERS, ClassList
from acme_tracker.errors import ConfigError
from acme_tracker.training.labels import LabelRules, choose_outputs, other_members
from tests.datasets.making import dataset

ROAD = LabelRules(ClassList(("person", "car", "bus", "truck", "vehicle")))
PERSON, CAR, BUS, TRUCK, VEHICLE = range(5)


def mask(*ids: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(np.arange(5), ids)


def test_a_car_is_a_vehicle_and_nothing_else() -> None:
    assert np.flatnonzero(ROAD.positive[CAR]).tolist() == [CAR, VEHICLE]
    assert ROAD.known[CAR].all()


def test_a_vehicle_may_be_a_car_but_is_no_person() -> None:
    assert np.flatnonzero(ROAD.positive[VEHICLE]).tolist() == [VEHICLE]
    assert np.flatnonzero(ROAD.known[VEHICLE]).tolist() == [PERSON, VEHICLE]


def test_vehicles_are_complete_where_each_kind_is() -> None:
    assert ROAD.complete(mask(CAR, BUS, TRUCK))[VEHICLE]
    assert not ROAD.complete(mask(CAR, BUS))[VEHICLE]
    assert not ROAD.complete(mask(VEHICLE))[CAR]


def test_vehicles_are_not_complete_if_one_kind_is_no_output() -> None:
    rules = LabelRules(ClassList(("car", "bus", "vehicle")))
    assert rules.complete(np.array([True, True, False])).tolist() == [True, True, False]


def test_where_every_vehicle_has_a_box_there_is_no_car_outside() -> None:
    assert ROAD.absent(mask(VEHICLE)).tolist() == mask(CAR, BUS, TRUCK, VEHICLE).tolist()
    assert ROAD.absent(np.stack([mask(PERSON), mask(CAR)])).tolist() == [
        mask(PERSON).tolist(),
        mask(CAR).tolist(),
    ]


def test_a_box_to_ignore_hides_its_class_and_what_includes_it_or_may_be_it() -> None:
    hidden = ROAD.hidden(np.array([CAR, VEHICLE, -1, PERSON]))
    assert [np.flatnonzero(row).tolist() for row in hidden] == [
        [CAR, VEHICLE],
        [CAR, BUS, TRUCK, VEHICLE],
        [PERSON, CAR, BUS, TRUCK, VEHICLE],
        [PERSON],
    ]


def test_for_scoring_a_car_is_a_vehicle_too(tmp_path: Path) -> None:
    box, crowd = (0.0, 0.0, 9.0, 9.0), (5.0, 5.0, 8.0, 8.0)
    rows = [(0, box, CAR, False), (0, crowd, -1, True), (0, box, PERSON, False)]
    data = dataset([tmp_path / "a.png"], rows, ROAD.outputs.names, [mask(CAR, BUS, TRUCK).tolist()])
    truth = ROAD.truth(data[0])
    assert truth.class_id.tolist() == [CAR, -1, PERSON, VEHICLE]
    assert truth.xyxy[3].tolist() == list(box)
    assert truth.labelled.tolist() == mask(CAR, BUS, TRUCK, VEHICLE).tolist()


def test_a_label_that_is_no_output_says_what_its_object_is_and_what_not(tmp_path: Path) -> None:
    outputs = ClassList(("car", "vehicle"))
    others = other_members(("person", "truck", "bicycle", "car", "bus", "vehicle"), outputs)
    rules = LabelRules(outputs, others)
    assert rules.labels == ("car", "vehicle", "truck", "bus")
    assert rules.positive.astype(int).tolist() == [[1, 1], [0, 1], [0, 1], [0, 1]]
    assert rules.known.astype(int).tolist() == [[1, 1], [0, 1], [1, 1], [1, 1]]
    assert rules.hidden(np.array([2, -1])).astype(int).tolist() == [[0, 1], [1, 1]]
    labelled = np.array([[1, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 0]], bool)
    assert rules.complete(labelled).astype(int).tolist() == [[1, 1], [1, 0], [0, 1]]
    assert rules.absent(labelled).astype(int).tolist() == [[1, 1], [1, 0], [1, 1]]

    boxes = [(0, (float(i), 0.0, 9.0, 9.0), i, False) for i in range(4)]
    data = dataset([tmp_path / "a.png"], boxes, rules.labels, labelled[:1].tolist())
    truth = rules.truth(data[0])
    assert truth.class_id.tolist() == [0, 1, 1, 1, 1]
    assert truth.xyxy[:, 0].tolist() == [0, 1, 0, 2, 3]
    assert truth.labelled.tolist() == [True, True]


def test_outputs_are_the_classes_that_are_labelled_then_the_super_classes(tmp_path: Path) -> None:
    names = ("vehicle", *ROAD_USERS, "tram")
    labelled = [name not in ("vehicle", "bicycle") for name in names]
    data = dataset([tmp_path / "a.png"], [], names, [labelled])
    wanted = ("person", "car", "motorcycle", "bus", "truck", "tram", "vehicle")
    assert choose_outputs(data, (), ("vehicle", "bike")).names == wanted
    assert choose_outputs(data, ("bus", "car"), ("vehicle",)).names == ("bus", "car")
    kinds = ("truck", "bus", "car")
    assert choose_outputs(data, kinds, ("vehicle",)).names == (*kinds, "vehicle")
    assert choose_outputs(data, kinds, ()).names == kinds


def test_a_super_class_needs_an_image_that_says_where_it_is_not(tmp_path: Path) -> None:
    paths, names = [tmp_path / "a.png", tmp_path / "b.png"], ("car", "bus", "truck", "vehicle")
    for labelled, there in (
        ([[1, 1, 0, 0], [1, 0, 1, 0]], False),
        ([[1, 1, 1, 0], [1, 0, 1, 0]], True),
        ([[1, 1, 0, 0], [0, 0, 0, 1]], True),
    ):
        data = dataset(paths, [], names, [[bool(x) for x in row] for row in labelled])
        assert ("vehicle" in choose_outputs(data, (), ("vehicle",))) is there


def test_where_only_vehicles_are_labelled_they_are_a_class(tmp_path: Path) -> None:
    data = dataset([tmp_path / "a.png"], [], ("vehicle",))
    outputs = choose_outputs(data, (), ("vehicle",))
    assert outputs.names == ("vehicle",)
    assert LabelRules(outputs).plain == [0]


def test_wrong_names_are_told(tmp_path: Path) -> None:
    data = dataset([tmp_path / "a.png"], [], ("car", "bus"))
    with pytest.raises(ConfigError, match=r"no image labels 'cars'; did you mean 'car'\?"):
        choose_outputs(data, ("cars",), ())
    with pytest.raises(ConfigError, match=r"unknown 'vehicles'; did you mean 'vehicle'\?"):
        choose_outputs(data, (), ("vehicles",))
