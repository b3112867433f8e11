"""What a writer wrote, its reader reads back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acme_tracker.datasets import open_dataset, open_sequences, write_dataset, write_sequences
from acme_tracker.datasets.types import DetectionDataset, Sequence
from acme_tracker.datasets.writing import output_names
from acme_tracker.datatypes import ClassList, TrackRows
from tests.datasets.making import dataset, picture

SIZES = ((64, 48), (31, 77), (1920, 1080))
TOLERANCE_PX = 2e-3
quick = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

letters = st.characters(
    exclude_categories=("C", "Z"), exclude_characters='/\\<>:"|?*\x7f', max_codepoint=0x1FFFF
)
stems = st.one_of(
    st.sampled_from(
        ["a b", "two.dots.in it", "ünïcode", "交通", "UPPER", "images", "a&b<'c'", "-1"]
    ),
    st.text(letters, min_size=1, max_size=8).filter(lambda s: s.strip(".") and s[0] not in ".~"),
)
suffixes = st.sampled_from([".png", ".PNG", ".Png"])
class_names = st.lists(
    st.one_of(
        st.sampled_from(["car", "person", "null", "no", "1", "heavy goods: 3", "'quoted'"]),
        st.text(letters, min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=4,
    unique=True,
).filter(lambda names: all(n.lower() not in {"ignore", "ignored", "dontcare"} for n in names))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    return [picture(folder / f"{w}x{h}.png", (w, h)) for w, h in SIZES]


@st.composite
def boxes_on(draw: st.DrawFn, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """A box of at least half a pixel that touches the image with its middle."""
    x = draw(st.floats(0, size[0], width=32))
    y = draw(st.floats(0, size[1], width=32))
    wide, high = (draw(st.floats(0.5, side, width=32)) for side in size)
    return (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


@st.composite
def datasets(draw: st.DrawFn, pictures: list[Path], ignoring: bool) -> DetectionDataset:
    names = draw(class_names)
    chosen = draw(st.lists(st.sampled_from(range(len(SIZES))), min_size=1, max_size=4))
    rows, masks = [], []
    for image, size in enumerate(chosen):
        for _ in range(draw(st.integers(0, 3))):
            ignore = ignoring and draw(st.booleans())
            class_id = draw(st.integers(-1 if ignore else 0, len(names) - 1))
            rows.append((image, draw(boxes_on(SIZES[size])), class_id, ignore))
        mask = st.lists(st.booleans(), min_size=len(names), max_size=len(names))
        masks.append(draw(st.one_of(st.just([True] * len(names)), mask)))
    image_names = [draw(stems) + draw(suffixes) for _ in chosen]
    splits = [draw(st.sampled_from(["", "train", "val", "test"])) for _ in chosen]
    paths = [pictures[number] for number in chosen]
    return dataset(paths, rows, names, masks, splits, image_names)


def content(data: DetectionDataset, keys: list[str], ignored: bool = True) -> dict[str, Any]:
    """By image: its rows sorted, and the classes that are labelled; class names, not numbers."""
    names = (*data.classes.names, "region")
    found = {}
    for key, image in zip(keys, data, strict=True):
        rows = zip(image.class_id, image.ignore, image.xyxy.tolist(), strict=True)
        kept = sorted((names[c], bool(i), b) for c, i, b in rows if ignored or not i)
        labelled = [n for n, on in zip(names, image.labelled, strict=False) if on]
        found[key] = (kept, labelled, image.size)
    return found


def assert_same(got: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert got.keys() == wanted.keys()
    for key, (rows, labelled, size) in wanted.items():
        got_rows, got_labelled, got_size = got[key]
        assert (got_labelled, got_size) == (labelled, size)
        assert len(got_rows) == len(rows)
        left = list(got_rows)  # sorting may differ within the tolerance: match one by one
        for name, ignore, box in rows:
            match = [
                row
                for row in left
                if row[:2] == (name, ignore) and np.allclose(row[2], box, atol=TOLERANCE_PX, rtol=0)
            ]
            assert match, (name, ignore, box, left)
            left.remove(match[0])


def round_trip(data: DetectionDataset, form: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        written = write_dataset(data, out, form)
        back = open_dataset(out)
        assert back.format == form
        assert not [problem for problem in back.problems if problem.severity == "error"]
        assert set(back.classes) == set(data.classes)
        keys = [f"{s}/{n}" for s, n in zip(back.splits, back.names, strict=True)]
        keeps_ignored = form != "yolo"
        wanted = content(data, output_names(data), keeps_ignored)
        assert_same(content(back, keys), wanted)
        lost = int(data.boxes.ignore.sum()) if not keeps_ignored else 0
        assert sum(left.count for left in written.left_out) == lost
        assert written.boxes == len(back.boxes)


@quick
@given(data=st.data())
@pytest.mark.parametrize("form", ["yolo", "coco", "cvat", "label-studio"])
def test_boxes_classes_ignore_flags_names_and_masks_come_back(
    form: str, data: st.DataObject, pictures: list[Path]
) -> None:
    round_trip(data.draw(datasets(pictures, ignoring=True)), form)


@st.composite
def sequences(draw: st.DrawFn) -> Sequence:
    names = draw(class_names)
    length = draw(st.integers(1, 6))
    cells = st.tuples(st.integers(0, length - 1), st.integers(1, 5))
    keys = sorted(draw(st.lists(cells, max_size=8, unique=True)))
    boxes = [draw(boxes_on((640, 480))) for _ in keys]
    scored = [draw(st.booleans()) for _ in keys]
    visible = [draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])) for _ in keys]
    rows = TrackRows(
        frame_index=np.array([frame for frame, _ in keys]),
        track_id=np.array([track for _, track in keys]),
        xyxy=np.array(boxes),
        class_id=np.array([draw(st.integers(-1, len(names) - 1)) for _ in keys]),
        score=np.ones(len(keys), np.float32),
        scored=np.array(scored),
        visibility=np.array(visible),
    )
    rate = draw(st.sampled_from([None, 5.0, 25.0, 30000 / 1001]))
    size = draw(st.sampled_from([None, (640, 480)]))
    name = draw(stems)
    return Sequence(name, None, rate, size, length, ClassList(tuple(names)), rows, "made")


@quick
@given(sequence=sequences())
def test_mot_sequences_come_back(sequence: Sequence) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_sequences([sequence], Path(folder) / "out")
        (back,) = open_sequences(Path(folder) / "out")
    assert not back.problems
    assert (back.name, back.size, back.length) == (sequence.name, sequence.size, sequence.length)
    assert back.frame_rate == pytest.approx(sequence.frame_rate)
    assert back.classes.names == sequence.classes.names
    for column in ("frame_index", "track_id", "class_id", "scored", "visibility"):
        wanted = getattr(sequence.rows, column)
        np.testing.assert_array_equal(getattr(back.rows, column), wanted, column)
    np.testing.assert_allclose(back.rows.xyxy, sequence.rows.xyxy, atol=TOLERANCE_PX)
