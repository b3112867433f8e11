from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_tracker import boxes

edges = st.integers(-50, 50)
box_lists = st.lists(
    st.tuples(edges, edges, st.integers(0, 40), st.integers(0, 40)).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    ),
    max_size=6,
).map(lambda b: np.array(b, np.float32).reshape(-1, 4))


def cells(box: np.ndarray) -> set[tuple[int, int]]:
    left, top, right, bottom = box.astype(int)
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


@given(box_lists, box_lists)
def test_iou_and_coverage_are_what_counting_pixels_gives(a: np.ndarray, b: np.ndarray) -> None:
    iou, coverage = boxes.iou(a, b), boxes.coverage(a, b)
    assert iou.shape == coverage.shape == (len(a), len(b))
    for i, own in enumerate(map(cells, a)):
        for j, other in enumerate(map(cells, b)):
            both, either = len(own & other), len(own | other)
            assert iou[i, j] == pytest.approx(both / either if either else 0, abs=1e-5)
            assert coverage[i, j] == pytest.approx(both / len(own) if own else 0, abs=1e-5)


@given(box_lists)
def test_formats_turn_back_into_themselves(xyxy: np.ndarray) -> None:
    assert boxes.from_ltwh(boxes.to_ltwh(xyxy)) == pytest.approx(xyxy)
    assert boxes.from_centres(boxes.centres(xyxy), boxes.sizes(xyxy)) == pytest.approx(xyxy)


@given(box_lists)
def test_clipped_boxes_lie_in_the_picture(xyxy: np.ndarray) -> None:
    cut = boxes.clip(xyxy, (20, 10))
    assert (cut >= 0).all()
    assert (cut[:, [0, 2]] <= 20).all()
    assert (cut[:, [1, 3]] <= 10).all()
    assert (boxes.areas(cut) <= boxes.areas(xyxy)).all()


def test_an_inverted_box_has_no_area() -> None:
    assert boxes.areas(np.array([[5, 5, 1, 9]], np.float32)).tolist() == [0]
