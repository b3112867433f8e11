from __future__ import annotations

from pathlib import Path

import pytest
import torch

from acme_tracker.config import DetectorSettings
from acme_tracker.detection import registry
from acme_tracker.detection.registry import (
    list_detectors,
    name_of_folder,
    open_detector,
    working_score,
)
from acme_tracker.errors import DetectorError
from tests.detection.networks import write_card


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("moton", "no detector 'moton'; did you mean 'motion'"),
        ("picodet", "no detector 'picodet'; did you mean 'picodet-s'"),
        ("torchvision:fcos_resnet50", "'fcos_resnet50'; did you mean 'fcos_resnet50_fpn'"),
        ("smaller-vgg-nowhere", "no model 'smaller-vgg-nowhere' in .*models"),
        ("~nosuchuser/run", "no detector '~nosuchuser/run'; known: "),
        ("some/net.onnx", "net.onnx needs a card"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest_known(name: str, message: str) -> None:
    with pytest.raises(DetectorError, match=message):
        open_detector(DetectorSettings(name=name))


def test_a_model_folder_is_found_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "smaller-vgg-tiny"
    folder.mkdir()
    write_card(folder, "yolox").rename(folder / "card.yaml")
    monkeypatch.setattr(registry, "models_dir", lambda: tmp_path)
    detector = open_detector(DetectorSettings(name="smaller-vgg-tiny", device="cpu"))
    assert detector.classes.names == ("person", "car", "truck")
    info = {one.name: one for one in list_detectors()}["smaller-vgg-tiny"]
    assert (info.kind, info.problem) == ("model", "")


def test_the_list_says_what_each_finds_and_why_it_cannot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "detectors").mkdir()
    write_card(tmp_path / "detectors", "yolox", weights="gone.onnx")
    (tmp_path / "detectors" / "broken.yaml").write_text("famly: yolox")
    monkeypatch.setattr(registry, "configs_dir", lambda: tmp_path)
    infos = {one.name: one for one in list_detectors()}
    assert infos["motion"].classes == ("moving",)
    assert infos["motion"].problem == ""
    assert infos["tiny-yolox"].classes == ("person", "car", "truck")
    assert "no weights file" in infos["tiny-yolox"].problem
    assert "unknown key 'famly'" in infos["broken"].problem
    faster = infos["torchvision:fasterrcnn_resnet50_fpn"]
    assert faster.kind == "torchvision"
    assert "truck" in faster.classes


def test_every_detector_has_a_working_score_of_its_own(tmp_path: Path) -> None:
    assert working_score("motion") == 0
    assert working_score("torchvision:fcos_resnet50_fpn") == 0.3
    assert working_score("yolox-nano") == 0.25  # its card's
    card = write_card(tmp_path, "yolox")
    card.write_text(card.read_text() + "\nscore: 0.45\n")
    assert working_score(str(card)) == 0.45


def test_an_onnx_file_on_cuda_says_what_to_install_or_that_there_is_no_gpu(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    card = write_card(tmp_path, "yolox")
    with pytest.raises(DetectorError, match=r"onnxruntime-gpu|no CUDA GPU"):
        open_detector(DetectorSettings(name=str(card), device="cuda"))


def test_a_folder_whose_name_means_another_detector_is_named_by_its_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, told in (
        ("mine", "mine"),
        ("smaller-vgg", "smaller-vgg/card.yaml"),
        ("motion", "motion/card.yaml"),
        ("mine@64x32", "mine@64x32/card.yaml"),
    ):
        folder = Path(name)
        folder.mkdir()
        write_card(folder, "yolox").rename(folder / "card.yaml")
        assert name_of_folder(folder) == str(Path(told))
        assert open_detector(DetectorSettings(name=name_of_folder(folder))).classes
