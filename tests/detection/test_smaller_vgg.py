from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import ClassList, Floats
from acme_tracker.detection import registry, smaller_vgg
from acme_tracker.detection.cards import ModelCard, load_card
from acme_tracker.detection.registry import list_detectors, open_detector, working_score
from acme_tracker.detection.selection import Selector
from acme_tracker.detection.smaller_vgg import (
    ModelDetector,
    OpenVinoRunner,
    Pictures,
    TorchRunner,
    lay,
    open_weights,
)
from acme_tracker.errors import AcmeTrackerError, ConfigError, DetectorError
from acme_tracker.frames import Image
from acme_tracker.networks.outputs import Outputs
from acme_tracker.networks.weights import load_detector
from tests.detection.models import OUTPUTS, SIZE, write_model, write_weights
from tests.fakes import textured_scene

RULES = Outputs(ClassList(OUTPUTS))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def model(written: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    import shutil

    return Path(shutil.copytree(written, tmp_path / "model"))


def settings(name: Path | str, **more: Any) -> DetectorSettings:
    return DetectorSettings(name=str(name), **{"device": "cpu", "threads": 1, **more})


def opened(name: Path | str, **more: Any) -> ModelDetector:
    detector = open_detector(settings(name, **more))
    assert isinstance(detector, ModelDetector)
    return detector


def change(card: Path, **changes: object) -> None:
    values = {**yaml.safe_load(card.read_text()), **changes}
    card.write_text(yaml.safe_dump({k: v for k, v in values.items() if v is not None}))


class Saying:
    """A runner that says the same of every picture."""

    batch = 4
    device = "cpu"

    def __init__(self, xyxy: list[list[float]], scores: list[list[float]]) -> None:
        self.answer = np.array(xyxy, np.float32), np.array(scores, np.float32)

    def __call__(self, pictures: Pictures) -> tuple[Floats, Floats]:
        assert pictures.shape[1:] == (SIZE[1], SIZE[0], 3)
        xyxy, scores = self.answer
        return np.stack([xyxy] * len(pictures)), np.stack([scores] * len(pictures))


def saying(scores: list[list[float]], xyxy: list[list[float]] | None = None) -> ModelDetector:
    boxes = xyxy or [[20.0 * i, 8, 20 * i + 12, 24] for i in range(len(scores))]
    classes = RULES.classes
    select = Selector(classes.names, classes, 0.3, "per-kind")
    return ModelDetector(Saying(boxes, scores), RULES, SIZE, select)


def test_the_vehicle_score_says_whether_and_the_others_which() -> None:
    (found,) = saying([[0.1, 0.2, 0.05, 0.1, 0.8], [0.6, 0, 0, 0, 0.1], [0.2] * 5]).detect(
        [np.zeros((128, 192, 3), np.uint8)]
    )
    assert [OUTPUTS[i] for i in found.class_id] == ["car", "person"]
    assert found.score.tolist() == pytest.approx([0.8, 0.6])
    assert found.class_scores is not None
    np.testing.assert_allclose(found.class_scores[0], [0.1, 0.8, 0.2, 0.4], rtol=1e-6)
    assert found.xyxy.tolist() == [[0, 16, 24, 48], [40, 16, 64, 48]]  # the picture is twice as big


def test_one_vehicle_is_not_a_car_and_a_truck() -> None:
    same = [[10.0, 8, 40, 40]] * 3
    (found,) = saying([[0, 0.9, 0, 0, 0.9], [0, 0, 0, 0.7, 0.8], [0.5, 0, 0, 0, 0]], same).detect(
        [np.zeros((64, 96, 3), np.uint8)]
    )
    assert [OUTPUTS[i] for i in found.class_id] == ["car", "person"]


def test_pictures_go_through_in_batches_and_come_back_in_order() -> None:
    images = [np.zeros((16 * n, 96, 3), np.uint8) for n in range(1, 11)]
    found = saying([[0.9, 0, 0, 0, 0]]).detect(images)
    assert [one.xyxy[0, 3] for one in found] == pytest.approx(
        [24 / 64 * 16 * n for n in range(1, 11)]
    )


def test_where_only_vehicles_were_labelled_vehicles_are_found(tmp_path: Path) -> None:
    detector = opened(
        write_weights(tmp_path / "best.safetensors", ("person", "vehicle")), score=0.1
    )
    assert detector.classes.names == ("person", "vehicle")
    (found,) = detector.detect([textured_scene()])
    assert "vehicle" in {detector.classes.names[i] for i in found.class_id}


@pytest.mark.parametrize("file", ["model.onnx", "model.safetensors"])
def test_every_file_of_a_model_gives_the_same_boxes(written: Path, file: str) -> None:
    network, _ = load_detector(written / "model.safetensors")
    pictures = lay([textured_scene()], SIZE)
    xyxy, scores = TorchRunner(network, SIZE, "cpu")(pictures)
    got = (
        OpenVinoRunner(written / file, SIZE, 1, exact=True)
        if file.endswith("onnx")
        else opened(written, weights=written / file).runner
    )(pictures)
    np.testing.assert_allclose(got[0], xyxy, atol=0.05)
    np.testing.assert_allclose(got[1], scores, atol=1e-4)


def test_on_a_plain_cpu_nobody_waits_for_torch(written: Path) -> None:
    program = f"""
import sys
from acme_tracker.cli import main, track
from acme_tracker.config import DetectorSettings
from acme_tracker.detection import registry, runtime
runtime._has_gpu_driver = lambda: False
registry.open_detector(DetectorSettings(name={str(written)!r}))
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_torch_takes_several_pictures_at_once_as_on_cuda(written: Path) -> None:
    network, _ = load_detector(written / "model.safetensors")
    pictures = lay([textured_scene(seed=seed) for seed in range(3)], SIZE)
    xyxy, scores = TorchRunner(network, SIZE, "cpu", batch=16)(pictures)
    assert xyxy.shape == (3, 126, 4)
    for number, picture in enumerate(pictures):
        alone = TorchRunner(network, SIZE, "cpu", threads=1)(picture[None])
        np.testing.assert_allclose(alone[0][0], xyxy[number], atol=0.05)
        np.testing.assert_allclose(alone[1][0], scores[number], atol=1e-4)


def test_half_precision_is_near_and_comes_back_as_float32(written: Path) -> None:
    network, _ = load_detector(written / "model.safetensors")
    pictures = lay([textured_scene()], SIZE)
    _, scores = TorchRunner(network, SIZE, "cpu")(pictures)
    xyxy, half = TorchRunner(network, SIZE, "cpu", half=True)(pictures)
    assert xyxy.dtype == half.dtype == np.float32
    assert np.abs(half - scores).max() < 0.05


def test_cuda_gets_the_weights_file_in_batches(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    class Runner(TorchRunner):
        def __init__(self, network: Any, size: Any, device: str, *more: Any, half: bool) -> None:
            asked.append((device, *more, half))
            super().__init__(network, size, "cpu", *more)

    monkeypatch.setattr(smaller_vgg, "torch_device", lambda _: "cuda")
    monkeypatch.setattr(smaller_vgg, "TorchRunner", Runner)
    detector = opened(written, device="cuda")
    assert asked == [("cuda", 1, detector.runner.batch, True)]
    assert detector.runner.batch > 1
    with pytest.raises(DetectorError, match=r"model.onnx runs on the CPU; give a .safetensors"):
        opened(written, device="cuda", weights=written / "model.onnx")


def test_without_openvino_torch_runs_the_model(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(opened(written).runner, OpenVinoRunner)
    monkeypatch.setattr(smaller_vgg, "find_spec", lambda _: None)
    assert isinstance(opened(written).runner, TorchRunner)


@pytest.mark.parametrize("size", [(96, 64), (64, 32), (160, 96)])
def test_the_input_size_can_be_another_one(written: Path, size: tuple[int, int]) -> None:
    image = textured_scene((320, 240))
    detector = opened(f"{written}@{size[0]}x{size[1]}", score=0.05)
    points = sum((size[0] // s) * (size[1] // s) for s in (8, 16, 32))
    ((xyxy, scores),) = detector.run([image])
    assert (xyxy.shape, scores.shape) == ((points, 4), (points, len(OUTPUTS)))
    (found,) = detector.detect([image])
    assert len(found)
    assert found.xyxy[:, 2].max() > 160, "in pixels of the picture"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{}@100x64", "multiples of 32, got 100x64"),
        ("{}@0x64", "multiples of 32, got 0x64"),
        ("motion@640x384", "motion@640x384: detector motion has an input size of its own"),
    ],
)
def test_a_size_that_cannot_be_is_told(written: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_detector(settings(name.format(written)))


def test_a_run_and_its_weights_file_can_be_tried_at_once(tmp_path: Path) -> None:
    best = write_weights(tmp_path / "run" / "best.safetensors")
    for name in (best.parent, best):
        detector = opened(name, classes=("vehicle",))
        assert detector.size == SIZE
        assert detector.classes.names == ("car", "bus", "truck")
        assert working_score(str(name)) == smaller_vgg.WORKING_SCORE
    with pytest.raises(DetectorError, match=r"no weights file .*none.safetensors"):
        open_weights(tmp_path / "none.safetensors", settings("x"))


def test_a_run_takes_no_other_weights_than_its_own(tmp_path: Path) -> None:
    best = write_weights(tmp_path / "run" / "best.safetensors")
    other = write_weights(tmp_path / "other.safetensors", seed=1)
    for name in (best.parent, best):
        with pytest.raises(ConfigError, match=r"best.safetensors is a weights .*other.safetensors"):
            opened(name, weights=other)


def test_classes_of_a_trainers_own_are_found_like_all_others(tmp_path: Path) -> None:
    folder = write_model(tmp_path, ("person", "car", "lorry"))
    for name in (folder, tmp_path / "run"):
        assert opened(name).classes.names == ("person", "car", "lorry")
        assert opened(name, classes=("lorry",)).classes.names == ("lorry",)


def test_the_card_and_then_the_user_say_what_counts(model: Path) -> None:
    change(model / "card.yaml", score=0.55, nms="none", max_detections=7)
    image = textured_scene()
    assert working_score(str(model)) == 0.55
    (found,) = opened(model).detect([image])
    assert 0 < len(found) <= 7
    assert found.score.min() >= np.float32(0.55)
    assert opened(model, score=0.99).select.score == 0.99
    change(model / "card.yaml", score=0.9, class_scores={OUTPUTS[0]: 0.2})
    assert opened(model).select.least == 0.2
    assert opened(model, score=0.99).select.least == 0.99
    assert opened(model / "card.yaml", classes=("bus",)).classes.names == ("bus",)


def test_a_score_of_a_super_class_is_told_to_count_nowhere(model: Path) -> None:
    change(model / "card.yaml", class_scores={"vehicle": 0.9})
    message = r"class_scores: 'vehicle' is none of the classes; known: bus, car, .*truck$"
    with pytest.raises(ConfigError, match=message):
        opened(model)


def test_a_folder_of_models_is_known_by_names(
    written: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "models_dir", lambda: model.parent)
    info = {one.name: one for one in list_detectors()}["model"]
    assert (info.kind, info.classes, info.problem) == ("model", OUTPUTS[:4], "")
    assert opened("model@64x32").size == (64, 32)
    (model / "model.onnx").unlink()
    info = {one.name: one for one in list_detectors()}["model"]
    assert "no weights file" in info.problem


def cut(model: Path) -> None:
    path = model / "model.onnx"
    path.write_bytes(path.read_bytes()[:-100])


def swap(model: Path) -> None:
    write_weights(model / "model.safetensors", seed=1)
    change(model / "card.yaml", cpu="model.safetensors")


SPOILT: list[tuple[Callable[[Path], Any], str]] = [
    (cut, r"model.onnx is not the one that its card.yaml was written for \(another SHA-256\)"),
    (swap, r"model.safetensors is not the one that its card.yaml was written for"),
    (lambda m: (m / "model.onnx").unlink(), "no weights file .*model.onnx"),
    (lambda m: change(m / "card.yaml", scor=0.4), r"unknown key 'scor' in .*did you mean 'score'"),
    (lambda m: change(m / "card.yaml", files=None), "card.yaml lacks the key 'files'"),
    (lambda m: change(m / "card.yaml", cpu="net.xml"), "files lacks 'net.xml'"),
    (
        lambda m: change(m / "card.yaml", super_classes={"bike": []}),
        "'bike' is none of the outputs",
    ),
    (lambda m: change(m / "card.yaml", outputs=["car"] * 5), "outputs must be unique"),
    (
        lambda m: change(m / "card.yaml", outputs=["car", "bus"], super_classes={}),
        "gives .* values a point",
    ),
    (
        lambda m: change(m / "card.yaml", class_scores={"tram": 0.2}),
        "class_scores: 'tram' is none of the classes",
    ),
    (
        lambda m: change(m / "card.yaml", held_out=[{"name": "a", "licences": "?"}]),
        r"held_out.0.licence in .*card.yaml is missing",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_what_is_wrong_with_a_folder_is_one_line(
    model: Path, spoil: Callable[[Path], Any], message: str
) -> None:
    spoil(model)
    with pytest.raises(AcmeTrackerError, match=message) as caught:
        opened(model)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_told(written: Path, tmp_path: Path) -> None:
    other = write_weights(tmp_path / "other.safetensors", ("car", "person"))
    with pytest.raises(DetectorError, match="gives scores of car, person, the card says person"):
        opened(written, weights=other)


def test_a_card_keeps_what_it_says_when_it_is_read(written: Path) -> None:
    card = load_card(written / "card.yaml")
    assert isinstance(card, ModelCard)
    assert card.outputs == OUTPUTS
    assert card.super_classes == {"vehicle": ("car", "bus", "truck")}
    assert card.trained == {"epoch": "3"}
    assert set(card.files) == {"model.safetensors", "model.onnx"}


def test_pictures_are_stretched_whatever_their_size() -> None:
    images: list[Image] = [textured_scene((w, h)) for w, h in ((320, 240), (64, 200))]
    laid = lay(images, SIZE)
    assert laid.shape == (2, SIZE[1], SIZE[0], 3)
    assert abs(float(laid[0].mean()) - float(images[0].mean())) < 3
