from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker.errors import OutputError
from acme_tracker.evaluation import timeline_picture
from acme_tracker.evaluation.timeline_picture import draw_timeline
from acme_tracker.metrics.timeline import Timeline, timeline
from tests.metrics.recipes import EMPTY, crossing_traffic, make, rows

BOX = [10.0, 10.0, 50.0, 50.0]
GREY = 209


def drawn(told: Timeline, folder: Path) -> NDArray[np.uint8]:
    draw_timeline(told, folder / "timeline.png", "a sequence")
    return np.asarray(cv2.imread(str(folder / "timeline.png")), np.uint8)


def coloured_columns(picture: NDArray[np.uint8]) -> set[tuple[int, ...]]:
    """Saturated colours that fill more than a few pixels."""
    wide = picture.astype(int)
    saturated = wide[(wide.max(axis=2) - wide.min(axis=2)) > 90]
    colours, counts = np.unique(saturated, axis=0, return_counts=True)
    return {tuple(colour) for colour in colours[counts > 200].tolist()}


def test_a_switch_changes_the_colour_and_a_gap_is_grey(tmp_path: Path) -> None:
    truth = rows(range(40), [1] * 40, [BOX] * 40)
    steady = timeline(truth, rows(range(40), [5] * 40, [BOX] * 40))
    turned = timeline(truth, rows(range(40), [5] * 20 + [6] * 20, [BOX] * 40))
    broken = timeline(truth, rows(range(10), [5] * 10, [BOX] * 10))
    pictures = [drawn(told, tmp_path) for told in (steady, turned, broken)]
    assert [len(coloured_columns(picture)) for picture in pictures] == [1, 2, 1]
    grey = [(picture == GREY).all(axis=2).sum() for picture in pictures]
    assert grey[2] > 500 > max(grey[:2])


def test_it_grows_with_the_tracks_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline_picture, "_MOST_ROWS", 40)
    heights = []
    for tracks in (10, 60, 120):  # of which one in six is to be ignored
        truth = crossing_traffic(tracks=tracks)
        heights.append(len(drawn(timeline(truth, make("dropped", truth)), tmp_path)))
    assert heights[0] < heights[1] == heights[2]


def test_nothing_to_show_is_no_error(tmp_path: Path) -> None:
    assert drawn(timeline(EMPTY, EMPTY), tmp_path).size


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        draw_timeline(timeline(EMPTY, EMPTY), tmp_path / "no" / "timeline.png")
