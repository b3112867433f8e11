from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import get_model, get_model_weights

from acme_tracker.config import DetectorSettings
from acme_tracker.detection.registry import open_detector
from acme_tracker.detection.selection import Selector, select_classes
from acme_tracker.detection.torchvision import (
    TorchvisionDetector,
    torchvision_labels,
    torchvision_names,
)
from acme_tracker.errors import DetectorError

SSDLITE = "ssdlite320_mobilenet_v3_large"


class Answering(nn.Module):
    """Answers with COCO's 91 numbers whatever it sees, and keeps what it saw."""

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        self.seen, self.threads = images, torch.get_num_threads()
        boxes = torch.tensor([[float(x), 0, x + 9, 9] for x in range(0, 70, 10)])
        labels = torch.tensor([1, 2, 3, 4, 6, 8, 13])
        scores = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35])
        return [{"boxes": boxes, "labels": labels, "scores": scores} for _ in images]


def answering(threads: int = 1) -> tuple[TorchvisionDetector, Any]:
    labels = torchvision_labels(SSDLITE)
    selector = Selector(labels, select_classes(labels, (), "it"), 0.3, "per-kind")
    model = Answering()
    return TorchvisionDetector(model, selector, "cpu", threads), model


def settings(weights: Path | None, name: str = SSDLITE, **more: Any) -> DetectorSettings:
    return DetectorSettings(name=f"torchvision:{name}", weights=weights, device="cpu", **more)


def test_cocos_ninety_one_numbers_become_our_names() -> None:
    detector, _ = answering()
    found = detector.detect([np.zeros((20, 80, 3), np.uint8)])[0]
    assert [detector.classes.names[i] for i in found.class_id] == [
        "person",
        "bicycle",
        "car",
        "motorcycle",
        "bus",
        "truck",
    ]


def test_the_model_sees_rgb_between_nought_and_one_with_the_threads_it_was_given() -> None:
    detector, model = answering(threads=1)
    image = np.zeros((4, 6, 3), np.uint8)
    image[..., 0] = 255  # blue
    before = torch.get_num_threads()
    detector.detect([image])
    assert model.seen[0].shape == (3, 4, 6)
    assert model.seen[0].amax(dim=(1, 2)).tolist() == [0, 0, 1]
    assert model.threads == 1
    assert torch.get_num_threads() == before


def test_every_detection_model_of_torchvision_has_labels_we_understand() -> None:
    assert {SSDLITE, "fcos_resnet50_fpn", "retinanet_resnet50_fpn_v2"} <= set(torchvision_names())
    for name in torchvision_names():
        assert "person" in select_classes(torchvision_labels(name), (), name)


def test_a_batch_gives_what_the_pictures_give_alone(random_weights: dict[str, Path]) -> None:
    detector = open_detector(settings(random_weights[SSDLITE], score=0.0))
    images = list(np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), np.uint8))
    for one, image in zip(detector.detect(images), images, strict=True):
        alone = detector.detect([image])[0]
        assert len(one) == len(alone) > 0
        np.testing.assert_allclose(one.score, alone.score, atol=1e-5)


def test_boxes_and_scores_are_those_of_the_plain_model(random_weights: dict[str, Path]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    model = get_model(SSDLITE, weights=None, weights_backbone=None, num_classes=91).eval()
    model.load_state_dict(torch.load(random_weights[SSDLITE], weights_only=True))
    with torch.inference_mode():
        plain = model([torch.tensor(image[..., ::-1].copy()).permute(2, 0, 1) / 255])[0]
    cars = plain["scores"][plain["labels"] == 3].numpy()
    found = open_detector(settings(random_weights[SSDLITE], score=0.0, classes=("car",))).detect(
        [image]
    )[0]
    assert 0 < len(found) <= len(cars)
    assert np.isin(found.score.round(6), cars.round(6)).all()


def test_safetensors_and_training_checkpoints_are_read(
    random_weights: dict[str, Path], tmp_path: Path
) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    state = torch.load(random_weights[SSDLITE], weights_only=True)
    safetensors.save_file(state, tmp_path / "w.safetensors")
    torch.save({"model": state, "epoch": 3}, tmp_path / "checkpoint.pth")
    image = [np.full((40, 40, 3), 90, np.uint8)]
    scores = [
        open_detector(settings(path, score=0.0)).detect(image)[0].score.tolist()
        for path in (
            random_weights[SSDLITE],
            tmp_path / "w.safetensors",
            tmp_path / "checkpoint.pth",
        )
    ]
    assert scores[0] == scores[1] == scores[2]


def test_offline_the_error_says_which_file_is_missing_and_how_to_give_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = get_model_weights(SSDLITE).DEFAULT.url.rpartition("/")[2]
    with pytest.raises(
        DetectorError, match=rf"needs {file}, which is not in .*checkpoints.*--weights"
    ):
        open_detector(settings(None))


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "another"])
def test_unfit_weights_are_one_line_that_names_the_file(
    damage: str, random_weights: dict[str, Path], tmp_path: Path
) -> None:
    weights = tmp_path / "given.pth"
    whole = random_weights[SSDLITE].read_bytes()
    if damage == "another":
        torch.save({"backbone.weight": torch.zeros(3)}, weights)
    elif damage != "missing":
        weights.write_bytes({"empty": b"", "cut": whole[:5000], "text": b"hello\n"}[damage])
    with pytest.raises(DetectorError, match=r"weights file .*given\.pth") as caught:
        open_detector(settings(weights))
    assert "\n" not in str(caught.value)


def test_cuda_without_a_gpu_is_an_error(random_weights: dict[str, Path]) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    wanted = settings(random_weights[SSDLITE]).model_copy(update={"device": "cuda"})
    with pytest.raises(DetectorError, match="no CUDA GPU"):
        open_detector(wanted)
