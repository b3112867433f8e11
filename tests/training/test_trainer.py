from __future__ import annotations

import csv
import math
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from acme_tracker.datasets import load_image
from acme_tracker.datatypes import Detections
from acme_tracker.errors import ConfigError, DatasetError, OutputError
from acme_tracker.networks.weights import load_detector
from acme_tracker.training.averaging import MovingAverage
from acme_tracker.training.data import TrainingData
from acme_tracker.training.predicting import TorchDetector
from acme_tracker.training.run_folder import BEST
from acme_tracker.training.schedule import rate_at
from acme_tracker.training.settings import OptimisationSettings
from acme_tracker.training.trainer import Progress, Step, Trainer, TrainingError, choose_device
from acme_tracker.training.validation import validate
from tests.training.scenes import begin, learner_of, tiny, tiny_data

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingData:
    return tiny_data(tmp_path_factory.mktemp("data"))


class Killed(BaseException):
    """Nothing catches it."""


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    average = trainer.average.network.state_dict()
    return trainer.network.state_dict() | {f"average {k}": v for k, v in average.items()}


def figures(progress: Progress) -> list[dict[str, Any]]:
    """Without what depends on the clock; NaN equals itself."""
    return [{k: repr(v) for k, v in row.items() if k != "images_per_s"} for row in progress.rows]


def test_killed_and_resumed_it_ends_as_if_it_had_never_stopped(
    data: TrainingData, tmp_path: Path
) -> None:
    whole = begin(data, tiny(), tmp_path / "whole")
    whole.run()

    def kill(step: Step) -> None:
        if (step.epoch, step.step) == (1, 2):
            raise Killed

    with pytest.raises(Killed):
        begin(data, tiny(), tmp_path / "parts", watch=kill).run()
    torch.manual_seed(99)  # another process would have another generator
    parts = begin(data, tiny(), tmp_path / "parts", resume=True)
    assert parts.progress.epoch == 1
    parts.run()
    assert figures(parts.progress) == figures(whole.progress)
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(parts)[name]), name
    best, best_of_parts = (load_detector(tmp_path / run / BEST)[0] for run in ("whole", "parts"))
    for name, value in best.state_dict().items():
        assert torch.equal(value, best_of_parts.state_dict()[name]), name


def test_a_run_leaves_figures_pictures_and_how_it_came_to_be(
    data: TrainingData, tmp_path: Path
) -> None:
    seen: list[Step] = []
    settings = tiny(optimisation__epochs=2, validation__every_epochs=2)
    progress = begin(data, settings, tmp_path, watch=seen.append).run()
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[0]["loss"]) > 0
    assert rows[0]["AP"] == ""
    assert progress.best_epoch == 2
    assert [(step.epoch, step.step) for step in seen] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert {path.name for path in tmp_path.iterdir()} == {
        *("best.safetensors", "last.pt", "metrics.csv", "curves.png", "samples.jpg"),
        *("predictions.jpg", "settings.yaml", "origin.json"),
    }
    for picture in ("curves.png", "samples.jpg", "predictions.jpg"):
        assert load_image(tmp_path / picture).std() > 5
    assert '"training_images": 6' in (tmp_path / "origin.json").read_text()


def test_the_best_network_is_a_detector_again(data: TrainingData, tmp_path: Path) -> None:
    trainer = begin(data, tiny(optimisation__epochs=1), tmp_path)
    trainer.run()
    images = [load_image(path) for path in data.validation.paths]
    learner = learner_of(data, trainer.settings)
    wanted, got = learner.detector(trainer.average.network), learner.load(tmp_path / BEST)
    assert got.classes.names == ("car", "bus")
    for a, b in zip(wanted.detect(images), got.detect(images), strict=True):
        assert np.array_equal(a.xyxy, b.xyxy)
        assert len(a)


def test_it_stops_when_ap_rises_no_more(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = iter([math.nan, 5.0, 4.0, 5.0, 9.0])
    monkeypatch.setattr(
        "acme_tracker.training.detectors.validate", lambda *_: {"AP": next(scripted)}
    )
    settings = tiny(optimisation__epochs=9, validation__patience_epochs=2)
    progress = begin(data, settings, tmp_path).run()
    assert (progress.epoch, progress.best_epoch, progress.best) == (4, 2, 5.0)


@pytest.mark.parametrize("stopped_after", [None, 3])
def test_it_stops_only_where_it_was_validated(
    data: TrainingData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stopped_after: int | None,
) -> None:
    scripted = iter([5.0, 9.0, 8.0])
    monkeypatch.setattr(
        "acme_tracker.training.detectors.validate", lambda *_: {"AP": next(scripted)}
    )
    every_other = {"validation__every_epochs": 2, "validation__patience_epochs": 1}
    settings = tiny(optimisation__epochs=9, **every_other)

    def stop(step: Step) -> None:
        if step.epoch == stopped_after:
            raise Killed

    if stopped_after is not None:
        with pytest.raises(Killed):
            begin(data, settings, tmp_path, watch=stop).run()
    progress = begin(data, settings, tmp_path, resume=stopped_after is not None).run()
    assert (progress.epoch, progress.best_epoch, progress.best) == (6, 4, 9.0)


def test_a_loss_that_is_not_finite_stops_the_run_with_its_batch_named(
    data: TrainingData, tmp_path: Path
) -> None:
    trainer = begin(data, tiny(), tmp_path)
    with torch.no_grad():
        next(trainer.network.parameters()).fill_(math.nan)
    message = r"the loss is nan .*in epoch 1, batch 1, made of train\d\.png"
    with pytest.raises(TrainingError, match=message):
        trainer.run()


def test_a_missing_picture_stops_the_run_with_its_name(tmp_path: Path) -> None:
    data = tiny_data(tmp_path / "data")
    for path in data.train.paths:
        Path(path).unlink()
    with pytest.raises(DatasetError, match=r"train\d\.png: image is missing"):
        begin(data, tiny(), tmp_path / "run").run()


def test_a_run_is_not_overwritten_and_not_mixed_with_another(
    data: TrainingData, tmp_path: Path
) -> None:
    begin(data, tiny(), tmp_path / "run")
    with pytest.raises(OutputError, match="holds a run: go on with --resume"):
        begin(data, tiny(), tmp_path / "run")
    with pytest.raises(ConfigError, match=re.escape("optimisation.batch was 4 and is now 2")):
        begin(data, tiny(optimisation__batch=2), tmp_path / "run", resume=True)
    weighted = tiny(data__sources={"train1": {"weight": 2}})
    with pytest.raises(ConfigError, match=r"train1\.weight was not given and is now 2\.0"):
        begin(data, weighted, tmp_path / "run", resume=True)
    with pytest.raises(ConfigError, match="leave --resume out"):
        begin(data, tiny(), tmp_path / "none", resume=True)
    other = tiny_data(tmp_path / "other")
    Path(other.train.paths[0]).write_bytes(b"shorter")
    with pytest.raises(ConfigError, match="images or labels are not those"):
        begin(other, tiny(), tmp_path / "run", resume=True)
    begin(data, tiny(data__cache_mb=1), tmp_path / "run", resume=True)
    (tmp_path / "run" / "last.pt").write_bytes(b"cut off")
    with pytest.raises(ConfigError, match="damaged"):
        begin(data, tiny(), tmp_path / "run", resume=True)


def test_a_single_tiny_picture_is_refused_before_there_is_a_run(
    data: TrainingData, tmp_path: Path
) -> None:
    one = {"optimisation__batch": 1, "optimisation__epochs": 1}
    for sizes in ({"input__size": [32, 32]}, {"input__training_sizes": [[64, 64], [32, 32]]}):
        with pytest.raises(ConfigError, match=r"optimisation\.batch is 1: .* take 2 pictures"):
            begin(data, tiny(**one, **sizes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    wider = tiny(**one, input__size=[64, 32], input__training_sizes=[[64, 32]])
    assert math.isfinite(begin(data, wider, tmp_path / "run").run().rows[0]["loss"])
    two = tiny(optimisation__batch=2, optimisation__epochs=1, input__training_sizes=[[32, 32]])
    assert math.isfinite(begin(data, two, tmp_path / "two").run().rows[0]["loss"])


def test_training_lowers_the_loss(data: TrainingData, tmp_path: Path) -> None:
    settings = tiny(
        optimisation__epochs=16, optimisation__batch=1, optimisation__learning_rate=1e-2
    )
    rows = begin(data, settings, tmp_path).run().rows
    losses = [row["loss"] for row in rows]
    # .65 to .84 with three seeds; 1.0 where nothing is learnt.
    assert sum(losses[-3:]) < 0.92 * sum(losses[:3])


class Oracle(nn.Module):
    """Says of a 64x64 input: a car, or at least a vehicle, of 32x32 around the middle."""

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = torch.full((len(images), 84, 4), -9.0)
        distances = torch.zeros(len(images), 84, 4)
        logits[:, 27] = torch.tensor([0.0, -2.0, -9.0, 2.0])  # the point at (28, 28)
        distances[:, 27] = torch.tensor([12.0, 12, 20, 20]).div(8).log()
        return logits, distances


def oracle(data: TrainingData) -> TorchDetector:
    from acme_tracker.datatypes import ClassList
    from acme_tracker.training.labels import LabelRules

    rules = LabelRules(ClassList(("car", "bus", "truck", "vehicle")))
    return TorchDetector(Oracle(), rules, (64, 64), CPU)


def test_boxes_come_back_in_pixels_of_the_picture(data: TrainingData) -> None:
    (found,) = oracle(data).detect([np.zeros((32, 128, 3), np.uint8)])
    assert found.xyxy[0].tolist() == pytest.approx([32, 8, 96, 24], abs=1e-3)
    assert found.score.tolist() == pytest.approx([1 / (1 + math.exp(-2))], abs=1e-3)
    assert found.class_id.tolist() == [0]


def test_for_validation_every_output_answers_by_itself(data: TrainingData) -> None:
    (found,) = oracle(data).detect_outputs([np.zeros((64, 64, 3), np.uint8)])
    assert found.class_id.tolist() == [3, 0, 1]


def test_right_answers_validate_to_100_percent(data: TrainingData) -> None:
    truths = list(data.validation)

    class ByHeart(TorchDetector):
        def __init__(self) -> None:
            self.left = iter(truths)

        def detect_outputs(self, images: Any) -> list[Detections]:
            shown = [data.rules.truth(next(self.left)) for _ in images]
            return [Detections.of(t.xyxy, np.ones(len(t.xyxy)), t.class_id) for t in shown]

    found = validate(ByHeart().detect_outputs, data, batch=1)
    assert found["AP"] == pytest.approx(100)
    assert found["AP50_car"] == found["AP50_bus"] == pytest.approx(100)


def test_the_learning_rate_warms_up_and_falls_to_its_end() -> None:
    settings = OptimisationSettings(
        epochs=10, warmup_steps=4, learning_rate=1.0, final_rate=0.1, batch=1
    )
    rates = [rate_at(step, 10, settings) for step in range(101)]
    assert rates[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8], rel=0.01)
    assert max(rates) < 1.001
    assert all(a > b for a, b in pairwise(rates[5:]))
    assert rates[100] == pytest.approx(0.1)


def test_a_short_run_does_not_spend_itself_on_warming_up() -> None:
    settings = OptimisationSettings(epochs=10, warmup_steps=200, learning_rate=1.0, final_rate=1.0)
    rates = [rate_at(step, 3, settings) for step in range(30)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, *[1] * 27])


def test_the_average_follows_fast_at_first_and_keeps_its_share_later() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = MovingAverage(network, 0.9)
    (weight,) = average.network.parameters()
    nn.init.ones_(network.weight)
    average.update(network)
    assert weight.item() == pytest.approx(1 - 2 / 21)
    average.updates, before = 10_000, weight.item()
    nn.init.zeros_(network.weight)
    average.update(network)
    assert weight.item() == pytest.approx(0.9 * before)


def test_a_device_that_is_not_there_is_told() -> None:
    assert choose_device("cpu") == CPU
    with pytest.raises(ConfigError, match="wants auto, cpu or cuda"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="no CUDA GPU"):
            choose_device("cuda")


def test_training_imports_none_of_the_packages_that_only_tracking_needs() -> None:
    code = (
        "import sys; import acme_tracker.training.trainer, acme_tracker.cli.train\n"
        "import acme_tracker.training.data, acme_tracker.evaluation.detection_pictures\n"
        "print(*{'openvino', 'dlib', 'av', 'supervision'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
