"""The real data sets: figures counted with awk, not with our readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import (
    combine,
    map_classes,
    open_dataset,
    open_sequences,
    parse_class_map,
)
from tests.datasets.making import SHARED

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data sets")


def test_the_detection_set_has_its_images_boxes_and_masks() -> None:
    data = open_dataset(SHARED / "detection")
    assert (len(data), len(data.boxes), data.problems) == (1891, 12511, ())
    assert data.splits.count("train") == 1450
    counts = np.bincount(data.boxes.class_id, minlength=6)
    assert counts.tolist() == [327, 0, 8413, 912, 635, 2224]
    labelled = {}
    for source in ("rf100_vehicles", "highway40", "atl_car", "vehicles_oi", "nerve_improved"):
        rows = [i for i, name in enumerate(data.names) if name.startswith(source)]
        (mask,) = np.unique(data.labelled[rows], axis=0)
        names = [name for name, on in zip(data.classes, mask, strict=True) if on]
        labelled[source] = (len(rows), names)
    assert labelled == {
        "rf100_vehicles": (291, ["car", "bus", "truck"]),
        "highway40": (609, ["person", "car", "motorcycle", "bus", "truck"]),
        "atl_car": (284, ["car", "motorcycle", "bus", "truck"]),
        "vehicles_oi": (314, ["car", "motorcycle", "bus", "truck"]),
        "nerve_improved": (393, ["car", "motorcycle", "bus"]),
    }
    assert len(open_dataset(SHARED / "detection", split="val")) == 441


def test_both_detection_sets_become_one_of_vehicles() -> None:
    sets = [open_dataset(SHARED / name) for name in ("detection", "detection_vehicle_only")]
    both = map_classes(combine(sets), parse_class_map("car=vehicle,bus=vehicle,truck=vehicle"))
    vehicle = both.classes.id_of("vehicle")
    assert len(both) == 1891 + 331
    assert (both.boxes.class_id == vehicle).sum() == 8413 + 635 + 2224 + 3874
    # nerve_improved does not label trucks: not all of its vehicles have boxes.
    assert both.labelled[:, vehicle].sum() == 1891 - 393 + 331


def test_the_sequences_have_their_rows() -> None:
    found = {
        s.name: (s.size, s.length, s.frame_rate, len(s.rows), int(s.rows.scored.sum()))
        for s in open_sequences(SHARED / "tracking")
    }
    assert found == {
        "day_jam_pagi": ((800, 640), 684, 5, 12933, 9539),
        "night_malam_b": ((800, 640), 168, 5, 790, 548),
        "wet_10fps_aditganteng": ((800, 640), 647, 10, 6311, 2458),
    }


def test_one_truth_file_may_be_named_alone() -> None:
    truth = SHARED / "tracking/night_malam_b/gt/gt.txt"
    (sequence,) = open_sequences(truth)
    assert sequence.path == truth.parent.parent / "video.mp4"
    first = [float(word) for word in Path(truth).read_text().split("\n")[0].split(",")[2:6]]
    edges = [first[0], first[1], first[0] + first[2], first[1] + first[3]]
    np.testing.assert_allclose(sequence.rows.xyxy[0], edges, rtol=1e-6)
