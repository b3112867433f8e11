from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from acme_tracker.datasets import load_image
from acme_tracker.errors import ConfigError, DatasetError, DetectorError
from acme_tracker.training.classifier import ClassifierLearner, load_classifier
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.models import CLASSIFIER, open_learner
from acme_tracker.training.trainer import Trainer
from tests.training.scenes import CPU, tiny


def learner_of(folder: Path, **more: object) -> ClassifierLearner:
    options = {"optimisation__batch": 4, "optimisation__learning_rate": 5e-4, **more}
    learner = open_learner([folder], tiny(model__name=CLASSIFIER, **options), CPU)
    assert isinstance(learner, ClassifierLearner)
    return learner


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upright blue and lying red bars, 8 to learn from and 2 to validate on each."""
    root, rng = tmp_path_factory.mktemp("classes"), np.random.default_rng(0)
    for name, colour in (("blue", (220, 40, 20)), ("red", (20, 40, 220))):
        (root / name).mkdir()
        for number in range(10):
            image = rng.integers(80, 150, (40, 50, 3), np.uint8)
            image[8:32, 10:40] = colour
            cv2.imwrite(str(root / name / f"{number}.png"), image)
    return root


def test_it_learns_to_tell_pictures_apart_and_leaves_its_confusion(
    folder: Path, tmp_path: Path
) -> None:
    learner = learner_of(folder, optimisation__epochs=2, data__validation_share=0.2)
    assert learner.summary() == "16 pictures to learn blue, red from, 4 to validate on"
    trainer = Trainer(learner, tmp_path, CPU)
    rows = trainer.run().rows
    assert rows[-1]["accuracy"] >= 75
    assert rows[-1]["accuracy"] == (rows[-1]["accuracy_blue"] + rows[-1]["accuracy_red"]) / 2
    assert learner.confusion(trainer.average.network).sum(1).tolist() == [2, 2]
    for picture in ("samples.jpg", "confusion.png", "curves.png"):
        assert load_image(tmp_path / picture).std() > 5

    network, classes = load_classifier(tmp_path / "best.safetensors")
    assert classes == ("blue", "red")
    assert not network.training
    again = learner_of(folder, model__weights=str(tmp_path))
    again.begin()
    taken = again.network.state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(taken[name], value), name


def test_pictures_are_held_out_by_name(folder: Path) -> None:
    learner = learner_of(folder, data__validation_names=["3", "7"])
    assert [Path(path).name for path in learner.validation.paths] == ["3.png", "7.png"] * 2
    assert set(learner.train.paths).isdisjoint(learner.validation.paths)
    with pytest.raises(ConfigError, match=r"begins with 'nroth_'; the first image is 'blue/0.png'"):
        learner_of(folder, data__validation_names=["nroth_"])


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(DetectorError, match="missing, damaged"):
        load_classifier(tmp_path / "x.safetensors")


def test_a_broken_picture_comes_with_its_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(4):
        (tmp_path / "a" / f"{number}.png").write_bytes(b"no picture")
    learner = learner_of(tmp_path)
    (first, *_) = learner.open_loader(EpochBatches(learner.names, learner.settings))
    assert isinstance(first, DatasetError)
    assert ".png" in str(first)


def test_a_batch_of_one_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="take 2 pictures or more"):
        Trainer(learner_of(folder, optimisation__batch=1), tmp_path, CPU)
