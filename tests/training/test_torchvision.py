from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from acme_tracker.config import DetectorSettings
from acme_tracker.datasets import load_image
from acme_tracker.detection.registry import open_detector
from acme_tracker.detection.torchvision import build_model
from acme_tracker.errors import ConfigError, DatasetError, DetectorError
from acme_tracker.networks.losses import Targets
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.models import open_learner
from acme_tracker.training.run_folder import BEST
from acme_tracker.training.schedule import Schedule
from acme_tracker.training.torchvision import (
    _OF_CLASSES,
    TorchvisionLearner,
    painted_over,
    take_over_labels,
    trainable_names,
)
from acme_tracker.training.trainer import Trainer
from tests.training.scenes import CPU, tiny, write_data

SSDLITE = "torchvision:ssdlite320_mobilenet_v3_large"
FASTER = "torchvision:fasterrcnn_mobilenet_v3_large_320_fpn"


def learner_of(name: str, data: Path, **more: Any) -> TorchvisionLearner:
    options = {"model__weights": "none", "optimisation__precision": "fp32", **more}
    learner = open_learner([data], tiny(model__name=name, **options), CPU)
    assert isinstance(learner, TorchvisionLearner)
    return learner


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


def test_what_was_trained_is_opened_as_a_detector_and_trained_on(
    data: Path, tmp_path: Path
) -> None:
    learner = learner_of(SSDLITE, data, optimisation__epochs=1, optimisation__batch=2)
    trainer = Trainer(learner, tmp_path / "run", CPU)
    (row,) = trainer.run().rows
    assert row["loss"] == pytest.approx(row["loss_scores"] + row["loss_boxes"], rel=1e-3)
    assert row["AP"] >= 0

    images = [load_image(path) for path in learner.data.validation.paths]
    weights = tmp_path / "run" / BEST
    settings = DetectorSettings(name=SSDLITE, weights=weights, score=0.01, threads=1)
    opened = open_detector(settings)
    assert opened.classes.names == ("car", "bus")
    wanted = learner.detector(trainer.average.network).detect(images)
    for one, other in zip(wanted, opened.detect(images), strict=True):
        np.testing.assert_allclose(one.score, other.score, atol=1e-5)
        np.testing.assert_allclose(one.xyxy, other.xyxy, atol=1e-2)
        assert len(one)
    with pytest.raises(DetectorError, match=f"is of {SSDLITE}, not of {FASTER}"):
        open_detector(settings.model_copy(update={"name": FASTER}))

    again = learner_of(SSDLITE, data, model__weights=str(weights), model__classes=["bus"])
    again.begin()
    key = "head.classification_head.module_list.0.1.bias"
    before, after = trainer.average.network.state_dict()[key], again.network.state_dict()[key]
    assert torch.equal(after.view(-1, 2), before.view(-1, 3)[:, [0, 2]])


def test_a_class_of_a_trainers_own_is_found_like_all_others(tmp_path: Path) -> None:
    folder, weights = write_data(tmp_path / "data"), tmp_path / "tram.safetensors"
    described = folder / "data.yaml"
    described.write_text(described.read_text().replace("bus", "tram"))
    learner = learner_of(SSDLITE, folder)
    learner.save(learner.network, weights, {})
    opened = open_detector(DetectorSettings(name=SSDLITE, weights=weights, threads=1))
    assert opened.classes.names == ("car", "tram")


def test_a_two_stage_detector_learns_at_the_size_asked_for(data: Path) -> None:
    learner = learner_of(FASTER, data, input__size=[96, 64])
    assert learner.settings.input.training_sizes == ((96, 64),)
    (batch, *_) = learner.open_loader(EpochBatches(learner.names, learner.settings))
    seen: list[torch.Size] = []
    learner.network.transform.register_forward_hook(  # type: ignore[union-attr]
        lambda *answer: seen.append(answer[2][0].tensors.shape)
    )
    losses = learner.losses(learner.network.train(), batch)  # type: ignore[arg-type]
    assert losses["loss"].isfinite()
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    assert seen == [(4, 3, 64, 96)]


@pytest.mark.parametrize("name", trainable_names())
def test_the_layers_that_belong_to_classes_are_known(name: str) -> None:
    short = name.removeprefix("torchvision:")
    with torch.device("meta"):
        few, many = (build_model(short, labels).state_dict() for labels in (3, 5))
    differ = {key for key in few if few[key].shape != many[key].shape}
    assert differ == {key for key in few if _OF_CLASSES.match(key)}
    assert len(differ) >= 2
    for key in differ:
        assert len(few[key]) * 5 == len(many[key]) * 3


def test_heads_go_by_name_for_boxes_too() -> None:
    torch.manual_seed(0)
    short = FASTER.removeprefix("torchvision:")
    theirs, mine = build_model(short, 3), build_model(short, 4)
    fresh = mine.roi_heads.box_predictor.bbox_pred.weight.detach().clone()
    labels = ("__background__", "car", "bus")
    take_over_labels(mine, ("__background__", "bus", "tram", "car"), theirs.state_dict(), labels)
    for layer, each in (("cls_score", 1), ("bbox_pred", 4)):
        old, new = (
            getattr(m.roi_heads.box_predictor, layer).weight.unflatten(0, (-1, each))
            for m in (theirs, mine)
        )
        assert torch.equal(new[[0, 1, 3]], old[[0, 2, 1]])
    assert torch.equal(mine.roi_heads.box_predictor.bbox_pred.weight[8:12], fresh[8:12])
    assert torch.equal(mine.backbone.body["0"][0].weight, theirs.backbone.body["0"][0].weight)
    with pytest.raises(ConfigError, match="of another model"):
        take_over_labels(mine, labels, {"x": torch.zeros(1)}, labels)


def test_what_is_to_be_ignored_is_painted_over_but_no_labelled_object() -> None:
    images = torch.full((2, 3, 8, 8), 200, dtype=torch.uint8)
    boxes, no_outputs = torch.tensor([[4.0, 0, 8, 4]]), torch.ones(1, 1)
    targets = Targets(
        *(boxes, torch.tensor([1]), no_outputs, no_outputs),
        *(torch.tensor([[0.0, 0, 6, 8]]), torch.tensor([1]), no_outputs),
        *(boxes, torch.tensor([0]), no_outputs),
    )
    painted = painted_over(images, targets)
    assert (painted[0] == 200).all()
    grey = painted[1, 0] == 114
    assert grey[:, :4].all()
    assert grey[4:, 4:6].all()
    assert not grey[:4, 4:].any()
    assert not grey[:, 6:].any()


def test_images_that_do_not_label_every_class_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    sources = '{"train": {"labelled_classes": ["car", "bus"]}, "val": {"labelled_classes": ["car"]}'
    (folder / "sources.json").write_text(sources + ', "train0": {"labelled_classes": ["car"]}}')
    learner = learner_of(SSDLITE, folder)
    assert learner.data.rules.outputs.names == ("car", "bus")
    assert "train0.png" not in learner.names
    assert len(learner.names) == 5
    assert "5 images to learn car, bus from (1 left out" in learner.summary()
    assert len(learner.data.validation) == 2
    (folder / "sources.json").write_text(
        sources.replace('"bus"', "").replace(", ]", "]")
        + ', "train0": {"labelled_classes": ["bus"]}}'
    )
    with pytest.raises(DatasetError, match="none of 6 images labels all of car, bus: name in"):
        learner_of(SSDLITE, folder)


def test_missing_weights_are_one_line_that_says_how_to_begin_without(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=r"which is not in .*begin with none: --set model\.we"):
        learner_of(SSDLITE, data, model__weights=None).begin()


def test_models_that_need_masks_or_keypoints_are_not_offered(data: Path) -> None:
    assert FASTER in trainable_names()
    with pytest.raises(ConfigError, match="no model 'torchvision:maskrcnn_resnet50_fpn' to train"):
        learner_of("torchvision:maskrcnn_resnet50_fpn", data)


@pytest.mark.parametrize(
    ("name", "more", "least"),
    [
        (SSDLITE, {}, 1),
        (SSDLITE, {"fine_tuning__frozen_norms": True}, 1),
        (FASTER, {"input__size": [32, 32]}, 1),
        (FASTER, {"input__size": [96, 64]}, 6),
        (FASTER, {"input__size": [32, 32], "fine_tuning__frozen_norms": True}, 2),
        ("torchvision:ssd300_vgg16", {"input__size": [32, 32]}, 2),
    ],
)
def test_a_single_picture_is_refused_only_where_a_norm_would_see_one_value(
    data: Path, name: str, more: dict[str, Any], least: int
) -> None:
    learner = learner_of(name, data, optimisation__batch=1, **more)
    assert learner.least_values == least
    (batch, *_) = learner.open_loader(EpochBatches(learner.names, learner.settings))
    settings = learner.settings
    Schedule(
        learner.network, learner.backbone, settings.optimisation, settings.fine_tuning, 1
    ).begin_epoch(0)
    told = pytest.raises(ValueError, match="more than 1 value") if least < 2 else nullcontext()
    with told:
        learner.losses(learner.network, batch)  # type: ignore[arg-type]
