from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acme_tracker.cli.config import app as config_app
from acme_tracker.cli.train import train
from acme_tracker.errors import ConfigError, DatasetError, OutputError
from acme_tracker.training.trainer import Step
from tests.training.scenes import TINY, write_data

app = typer.Typer()
app.command()(train)
SETS = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    data = write_data(tmp_path / "data")
    return ["--data", str(data), "--out", str(tmp_path / "run"), *SETS, "--device", "cpu"]


def test_a_run_ends_with_its_best_figures_and_its_files(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*words, "--epochs", "1"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "6 images to learn car, bus from, 2 to validate on, on cpu" in result.stderr
    assert "epoch 1/1: loss " in result.stderr
    assert "best after epoch 1 of 1: AP " in result.stdout
    told = [line.split()[-1] for line in result.stdout.splitlines() if line.startswith("wrote")]
    names = {Path(path).name for path in told}
    assert names >= {"best.safetensors", "metrics.csv", "precision_recall.png", "confusion.png"}
    assert all(Path(path).is_file() for path in told)

    again = CliRunner().invoke(app, [*words, "--epochs", "1"])
    assert isinstance(again.exception, OutputError)
    resumed = CliRunner().invoke(app, [*words, "--epochs", "1", "--resume"])
    assert resumed.stdout == result.stdout


def test_interrupted_it_says_what_is_there_and_goes_on(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(step: Step) -> None:
        if step.epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("acme_tracker.cli.train._log", interrupt)
        result = CliRunner().invoke(app, [*words, "--epochs", "2"], env={"COLUMNS": "200"})
    assert result.exit_code == 130
    assert f"1 of 2 epochs are in {tmp_path / 'run'}: the same" in result.stderr
    resumed = CliRunner().invoke(app, [*words, "--epochs", "2", "--resume"])
    assert "epoch 1/2" not in resumed.stderr
    assert " of 2: AP " in resumed.stdout


def test_the_settings_of_a_training_can_be_shown_and_used_again(tmp_path: Path) -> None:
    words = ["show", "--train", "--set", "fine_tuning.frozen_epochs=3"]
    shown = CliRunner().invoke(config_app, words)
    assert shown.exit_code == 0, shown.output
    assert "frozen_epochs: 3" in shown.stdout
    (tmp_path / "mine.yaml").write_text(shown.stdout)
    again = CliRunner().invoke(config_app, ["show", "--train", "--config", f"{tmp_path}/mine.yaml"])
    assert again.stdout == shown.stdout


def test_errors_reach_the_main_command(words: list[str], tmp_path: Path) -> None:
    for more, kind in (
        (["--model", "smaller-vvg"], ConfigError),
        (["--set", "optimisation.precision=fp16"], ConfigError),
        (["--set", "input.size=[1,2]"], ConfigError),
        (["--resume"], ConfigError),
        (["--data", str(tmp_path / "none")], DatasetError),
    ):
        assert isinstance(CliRunner().invoke(app, [*words, *more]).exception, kind), more


@pytest.mark.parametrize("model", [["--model", "yolo"], ["--set", "model.name=yolo"]])
def test_an_unknown_model_is_refused_before_any_data_are_read(
    tmp_path: Path, model: list[str]
) -> None:
    words = ["--data", str(tmp_path / "none"), "--out", str(tmp_path / "run"), *model]
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, ConfigError)
    assert str(error).startswith("no model 'yolo' to train; known: smaller-vgg, ")
