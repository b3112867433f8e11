from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_tracker.datatypes import ClassList
from acme_tracker.networks.outputs import Outputs

ROAD = Outputs(ClassList(("person", "car", "bus", "truck", "vehicle")))


def test_the_super_class_says_whether_and_its_members_say_which() -> None:
    scores = np.array([[0.1, 0.2, 0.05, 0.1, 0.8]], np.float32)
    assert ROAD.classes.names == ("person", "car", "bus", "truck")
    assert ROAD.class_scores(scores)[0].tolist() == pytest.approx([0.1, 0.8, 0.2, 0.4])


def test_a_super_class_without_members_is_a_class() -> None:
    outputs = Outputs(ClassList(("person", "vehicle")))
    scores = np.array([[0.1, 0.8]], np.float32)
    assert outputs.classes.names == ("person", "vehicle")
    assert outputs.class_scores(scores).tolist() == scores.tolist()


def test_a_super_class_with_members_that_are_no_outputs_lends_no_score() -> None:
    outputs = Outputs(ClassList(("person", "bus", "vehicle")))
    scores = np.array([[0.1, 0.05, 0.9]], np.float32)  # a car, say
    assert outputs.classes.names == ("person", "bus")
    assert outputs.class_scores(scores)[0].tolist() == pytest.approx([0.1, 0.05])


@given(st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5))
def test_class_scores_are_scores(values: list[float]) -> None:
    found = ROAD.class_scores(np.array([values], np.float32))
    assert ((found >= 0) & (found <= 1)).all()
    assert found.max() <= np.float32(max(values)) * np.float32(1.000001)
