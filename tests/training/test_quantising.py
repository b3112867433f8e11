from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from acme_tracker.datasets import open_dataset
from acme_tracker.datatypes import ClassList, Detections, Floats
from acme_tracker.detection.cards import ModelCard, load_card
from acme_tracker.detection.selection import Selector
from acme_tracker.detection.smaller_vgg import ModelDetector, Pictures
from acme_tracker.errors import ConfigError
from acme_tracker.networks.outputs import Outputs
from acme_tracker.training import quantising
from acme_tracker.training.exporting import export, open_source
from acme_tracker.training.predicting import find_outputs
from acme_tracker.training.quantising import (
    Quantised,
    cpu_ms,
    need_nncf,
    outputs_ap50,
    quantise,
    spread,
)
from tests.detection.models import SIZE, write_weights
from tests.fakes import ScriptedDetector, textured_scene
from tests.training.scenes import write_data

RULES = Outputs(ClassList(("car", "bus", "truck", "vehicle")))


class Scripted:
    """A runner that gives one answer after the other, a picture each."""

    batch = 1
    device = "cpu"

    def __init__(self, answers: list[tuple[Floats, Floats]]) -> None:
        self.answers = iter(answers)

    def __call__(self, pictures: Pictures) -> tuple[Floats, Floats]:
        xyxy, scores = next(self.answers)
        return xyxy[None], scores[None]


def scripted(answers: list[tuple[Floats, Floats]]) -> ModelDetector:
    select = Selector(RULES.classes.names, RULES.classes, 0.1, "per-kind")
    return ModelDetector(Scripted(answers), RULES, SIZE, select)


@pytest.mark.parametrize(
    ("ap50", "ms", "worth_it"),
    [
        ((90, 89.1), (6, 4), True),
        ((90, 91.0), (6, 4), True),
        ((90, 89.0), (6, 4), False),
        ((90, 89.9), (4, 4), False),
        ((np.nan, np.nan), (6, 4), True),
        ((np.nan, np.nan), (4, 6), False),
    ],
)
def test_integers_stay_if_they_are_faster_and_lose_less_than_a_point(
    ap50: tuple[float, float], ms: tuple[float, float], worth_it: bool
) -> None:
    assert Quantised(*ap50, *ms, calibrated=3, scored=3).worth_it is worth_it


def test_every_output_is_found_by_itself() -> None:
    boxes = np.array([[0, 0, 20, 20], [0, 0, 20, 21], [48, 0, 60, 20]], np.float32)
    scores = np.array([[0.8, 0.3, 0, 0.9], [0.7, 0, 0, 0.2], [0, 0, 0.05, 0.5]], np.float32)
    (found,) = find_outputs(scripted([(boxes, scores)]), [textured_scene(SIZE)])
    names = [
        (RULES.outputs.names[i], round(float(s), 2))
        for i, s in zip(found.class_id, found.score, strict=True)
    ]
    assert names == [("vehicle", 0.9), ("car", 0.8), ("vehicle", 0.5), ("bus", 0.3)]


def test_boxes_that_are_all_right_score_a_hundred(tmp_path: Path) -> None:
    data = open_dataset(write_data(tmp_path / "data"))
    answers = []
    for image in data:
        scores = np.zeros((len(image.xyxy), 4), np.float32)
        scores[np.arange(len(scores)), image.class_id] = 0.9
        answers.append((image.xyxy, scores))
    assert outputs_ap50(scripted(answers), data) == pytest.approx(100)
    wrong = [(xyxy, scores[:, [1, 0, 2, 3]]) for xyxy, scores in answers]
    assert outputs_ap50(scripted(wrong), data) < 10


def test_pictures_are_taken_evenly(tmp_path: Path) -> None:
    data = open_dataset(write_data(tmp_path / "data", train=9, val=0), split="train")
    assert spread(data, 3).names == tuple(data.names[i] for i in (0, 4, 8))
    assert spread(data, 99) is data


def test_detectors_are_timed_in_turns() -> None:
    asked: list[str] = []

    class Asked(ScriptedDetector):
        def __init__(self, name: str) -> None:
            super().__init__([Detections.empty()])
            self.name = name

        def detect(self, images):  # type: ignore[no-untyped-def]
            asked.append(self.name)
            return super().detect(images)

    times = cpu_ms([Asked("a"), Asked("b")], [textured_scene()] * 2)
    assert "".join(asked) == "ababab"
    assert len(times) == 2


def test_a_missing_nncf_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'acme-tracker\[int8\]'"):
        need_nncf()


@pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed")
@pytest.mark.filterwarnings("ignore")  # NNCF's own
@pytest.mark.parametrize("kept", [True, False])
def test_a_quantised_model_is_what_the_card_names_or_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    data = open_dataset(write_data(tmp_path / "data"))
    source = open_source(str(write_weights(tmp_path / "best.safetensors", RULES.outputs.names)))
    export(source, tmp_path / "model", SIZE, openvino=False)
    monkeypatch.setattr(quantising, "cpu_ms", lambda *_: [2.0, 1.0 if kept else 3.0])
    monkeypatch.setattr(quantising, "MOST_LOSS", 100.0)
    found = quantise(source, tmp_path / "model", SIZE, data)
    assert (found.calibrated, found.scored) == (6, 2)
    card = load_card(tmp_path / "model" / "card.yaml")
    assert isinstance(card, ModelCard)
    assert card.cpu == ("model-int8.xml" if kept else "model.onnx")
    assert (tmp_path / "model" / "model-int8.bin").exists() is kept
    assert ("model-int8.bin" in card.files) is kept
