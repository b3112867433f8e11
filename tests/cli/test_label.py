from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acme_tracker.cli.label import label
from acme_tracker.datasets import open_dataset
from acme_tracker.errors import AcmeTrackerError, ConfigError, DatasetError, OutputError
from acme_tracker.training.data import open_training_data
from acme_tracker.training.settings import TrainSettings
from tests.datasets.making import picture
from tests.detection.networks import write_card

app = typer.Typer()
app.command()(label)


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Two pictures, and a card of a tiny network that sees the same five boxes on each."""
    for name in "ab":
        picture(tmp_path / f"pictures/{name}.jpg")
    card = write_card(tmp_path, "boxes-labels")
    out = ["--out", str(tmp_path / "out")]
    return [str(tmp_path / "pictures"), "--teacher", str(card), *out]


def test_a_labelled_folder_is_one_to_train_on(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "2 pictures labelled" in result.stdout
    told = [line.split()[-1] for line in result.stdout.splitlines() if line.startswith("wrote")]
    assert [Path(path).name for path in told] == ["out", "montage_1.jpg"]
    made = open_dataset(tmp_path / "out", strict=True)
    assert len(made) == 2
    assert made.classes.names == ("person", "car", "truck", "vehicle")
    assert not made.boxes.ignore.all()
    settings = TrainSettings.load(None, {"data.validation_names": ["b"]})
    assert "person" in open_training_data([tmp_path / "out"], settings).rules.outputs


@pytest.mark.parametrize(
    ("more", "kind", "told"),
    [
        (["--set", "alone=0.5"], ConfigError, "alone_score"),
        (["--aspect", "wide"], ConfigError, "--aspect wants"),
        (["--teacher", "motion"], ConfigError, "finds what moves"),
    ],
)
def test_mistakes_are_told_in_one_line(
    words: list[str], more: list[str], kind: type[AcmeTrackerError], told: str
) -> None:
    error = CliRunner().invoke(app, [*words, *more]).exception
    assert isinstance(error, kind)
    assert told in str(error)
    assert "\n" not in str(error)


def test_a_folder_that_is_in_use_stays_as_it_is(words: list[str], tmp_path: Path) -> None:
    kept = picture(tmp_path / "out/mine.jpg")
    assert isinstance(CliRunner().invoke(app, words).exception, OutputError)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [kept.name]


def test_broken_labels_are_told(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "pictures/data.yaml").write_text("names: [car]\n")
    assert isinstance(CliRunner().invoke(app, words).exception, DatasetError)


def test_labels_that_are_not_read_are_a_warning(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "pictures/labels.csv").write_text("a.jpg,car,1,2,3,4\n")
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "labels.csv looks like labels, but of no format" in " ".join(result.stderr.split())
