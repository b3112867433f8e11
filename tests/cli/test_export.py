from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acme_tracker.cli.export import export
from acme_tracker.config import DetectorSettings
from acme_tracker.detection.cards import ModelCard, load_card
from acme_tracker.detection.registry import open_detector
from acme_tracker.detection.smaller_vgg import ModelDetector
from acme_tracker.errors import ConfigError, DetectorError
from acme_tracker.resources import models_dir
from tests.detection.models import write_weights
from tests.fakes import textured_scene
from tests.training.scenes import write_data

app = typer.Typer()
app.command()(export)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "run" / "best.safetensors").parent


def test_a_run_becomes_a_folder_that_detects(run: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    words = [str(run), "--format", "openvino", "--data", str(data), "--size", "64x32"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "model.xml computes what torch does: boxes within " in result.stdout
    assert "on 8 pictures\n" in result.stdout
    folder = run / "export"
    assert f"wrote {folder}: `acme-tracker track --detector {folder}`" in result.stdout
    names = {path.name for path in folder.iterdir()}
    assert names == {"card.yaml", "model.bin", "model.onnx", "model.safetensors", "model.xml"}
    detector = open_detector(DetectorSettings(name=str(folder), device="cpu"))
    assert len(detector.detect([textured_scene()])[0])


def test_without_data_noise_is_compared(run: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(run), "--out", str(tmp_path / "model")])
    assert "on 2 pictures of noise" in result.stdout
    assert (tmp_path / "model" / "card.yaml").is_file()


def test_an_export_of_a_shipped_model_lies_here_and_is_what_the_last_line_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = load_card(models_dir() / "smaller-vgg" / "card.yaml")
    names = ("smaller-vgg", "smaller-vgg", str(models_dir() / "smaller-vgg"))
    for words in (*([name] for name in names), ["smaller-vgg", "--out", "smaller-vgg"]):
        result = CliRunner().invoke(app, [*words, "--size", "64x32"])
        assert result.exit_code == 0, result.output
        told = re.findall("--detector (.*)`", result.stdout)
        detector = open_detector(DetectorSettings(name=told[0], device="cpu"))
        assert isinstance(detector, ModelDetector)
        assert (detector.size, detector.select.score) == ((64, 32), shipped.score)
    assert {path.name for path in tmp_path.iterdir()} == {"smaller-vgg-export", "smaller-vgg"}
    assert not (models_dir() / "smaller-vgg" / "export").exists()
    card = load_card(tmp_path / "smaller-vgg-export" / "card.yaml")
    assert isinstance(card, ModelCard)
    for key in ("score", "class_scores", "licence", "notes", "trained_on", "held_out"):
        assert getattr(card, key) == getattr(shipped, key)


def test_errors_reach_the_main_command(run: Path) -> None:
    for words, kind, message in (
        (["nothing"], DetectorError, "no model of ours 'nothing'"),
        ([str(run), "--int8"], ConfigError, "--int8 needs pictures"),
        ([str(run), "--size", "640"], ConfigError, "WIDTHxHEIGHT"),
        ([str(run), "--size", "640x360"], ConfigError, "multiples of 32"),
    ):
        error = CliRunner().invoke(app, words).exception
        assert isinstance(error, kind), words
        assert message in str(error)
