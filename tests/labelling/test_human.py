from __future__ import annotations

import numpy as np
import pytest

from acme_tracker.datasets import REGION
from acme_tracker.labelling.human import Labels, complete
from acme_tracker.labelling.judging import Judged
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.vocabulary import Vocabulary
from tests.labelling.seeing import COARSE, FINE, Box

VOCABULARY = Vocabulary.of([*FINE, *COARSE])
NAMES = VOCABULARY.classes.names
HERE, THERE = (100, 100, 200, 160), (300, 100, 400, 160)
Row = tuple[Box, str, bool]


def people_say(*rows: Row, labelled: tuple[str, ...] = ("car", "bus", "truck")) -> Labels:
    boxes, ids, ignore = columns(*rows)
    mask = np.isin(NAMES, labelled)
    return Labels(boxes, ids, ignore, mask)


def teachers_say(*rows: Row) -> Judged:
    boxes, ids, ignore = columns(*rows)
    return Judged(boxes, ids, ignore, np.zeros(len(ids), bool))


def columns(*rows: Row) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids = [REGION if name == "region" else VOCABULARY.classes.id_of(name) for _, name, _ in rows]
    boxes = np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4)
    return boxes, np.array(ids, np.int64), np.array([ignore for *_, ignore in rows], bool)


def added(human: Labels, found: Judged) -> list[tuple[str, bool]]:
    """What comes after the human labels: class, to ignore."""
    both = complete(human, found, FINE, VOCABULARY, LabelSettings())
    count = len(human.xyxy)
    np.testing.assert_array_equal(both.xyxy[:count], human.xyxy)
    np.testing.assert_array_equal(both.class_id[:count], human.class_id)
    np.testing.assert_array_equal(both.ignore[:count], human.ignore)
    rest = zip(both.class_id[count:], both.ignore[count:], strict=True)
    return [(NAMES[class_id], bool(ignore)) for class_id, ignore in rest]


def labelled(human: Labels, found: Judged, known: tuple[str, ...] = FINE) -> set[str]:
    both = complete(human, found, known, VOCABULARY, LabelSettings())
    return {name for name, on in zip(NAMES, both.labelled, strict=True) if on}


def test_human_labels_stay_and_what_they_lack_is_added() -> None:
    human = people_say((HERE, "car", False))
    found = teachers_say((HERE, "truck", False), (THERE, "vehicle", False), (THERE, "car", True))
    assert added(human, found) == [("vehicle", False), ("car", True)]


def test_a_part_of_what_people_labelled_is_not_added() -> None:
    wheel = (100, 130, 130, 160)
    assert added(people_say((HERE, "car", False)), teachers_say((wheel, "car", False))) == []


def test_what_holds_a_human_box_of_its_kind_is_to_ignore() -> None:
    around = (60, 60, 240, 240)
    human, found = people_say((HERE, "car", False)), teachers_say((around, "vehicle", False))
    assert added(human, found) == [("vehicle", True)]


def test_nothing_is_added_in_a_region_to_ignore() -> None:
    human = people_say(((90, 90, 210, 170), "region", True))
    found = teachers_say((HERE, "car", False), (THERE, "bus", False))
    assert added(human, found) == [("bus", False)]


@pytest.mark.parametrize("kind", ["motorcycle", "bus"])
def test_people_on_and_in_what_people_labelled_are_not_added(kind: str) -> None:
    found = teachers_say(((120, 100, 150, 150), "person", False), (THERE, "person", False))
    assert added(people_say((HERE, kind, False)), found) == [("person", False)]


def test_what_teachers_know_is_labelled_from_then_on() -> None:
    human = people_say((HERE, "car", False), labelled=("car",))
    assert labelled(human, teachers_say(), known=("person", "bicycle")) == {
        "person",
        "bicycle",
        "car",
    }
    assert labelled(human, teachers_say()) == {*FINE, "vehicle", "bike"}
    assert labelled(people_say(), teachers_say(), known=("vehicle",)) >= {"vehicle", "car"}
    assert "bike" not in labelled(people_say(), teachers_say(), known=("vehicle", "bicycle"))


def test_where_a_class_stayed_open_the_super_class_is_labelled_and_its_members_are_not() -> None:
    found = teachers_say((THERE, "vehicle", False))
    assert labelled(people_say((HERE, "car", False)), found) == {
        "person",
        "bicycle",
        "motorcycle",
        "vehicle",
        "bike",
    }
    # A box to ignore says nothing, also about classes.
    assert "car" in labelled(people_say(), teachers_say((THERE, "vehicle", True)))
