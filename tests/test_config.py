from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from acme_tracker.config import TrackSettings, parse_assignments, read_mapping
from acme_tracker.errors import ConfigError
from acme_tracker.resources import configs_dir


def keys_of(settings: BaseModel) -> dict[str, Any]:
    return {
        name: keys_of(value) if isinstance(value, BaseModel) else None for name, value in settings
    }


def test_the_shipped_file_gives_every_key_its_default() -> None:
    shipped = yaml.safe_load((configs_dir() / "track.yaml").read_text(encoding="utf-8"))
    defaults = TrackSettings()
    assert TrackSettings.load(configs_dir() / "track.yaml") == defaults
    listed = {
        group: dict.fromkeys(keys) if isinstance(keys, dict) else None
        for group, keys in shipped.items()
    }
    assert listed == keys_of(defaults)


def test_every_key_of_the_shipped_file_is_explained_in_place() -> None:
    lines = (configs_dir() / "track.yaml").read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        if line.startswith("  ") and not line.lstrip().startswith("#"):
            assert before.lstrip().startswith("#"), f"{line.strip()} has no comment above it"


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("detector: {score: 0.2, threads: 1}\n")
    settings = TrackSettings.load(path, {"detector.score": 0.7})
    assert (settings.detector.score, settings.detector.threads) == (0.7, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detektor: {score: 0.2}", "unknown key 'detektor' in {path}; did you mean 'detector'?"),
        ("detector: {skore: 0.2}", "unknown key 'detector.skore' in {path}; did you mean 'score'?"),
        ("detector: {score: high}", "detector.score in {path}: input should be a valid number"),
        ("detector: {score: 2}", "detector.score in {path}: input should be less than or equal"),
        ("detector: [1]", "detector in {path}: should be a group of settings (name, weights,"),
        ("detector: {classes: car}", "detector.classes in {path}: should be a list, [a, b], got"),
        ("- 1", "configuration {path} must be keys and values, got a list"),
        ("detector: {", "configuration {path}:2 is not valid YAML"),
        ("source: {start_time: 2026-02-30}", "configuration {path} has an impossible value: day "),
        (
            "detector: {score: .7}\noutput: {crf: 20}\ndetector: {threads: 1}",
            "configuration {path}:3 has the key 'detector' of line 1 again: give it once",
        ),
        (
            "detector:\n  score: .7\n  score: .8",
            "configuration {path}:3 has the key 'score' of line 2 again: give it once",
        ),
        ("output: {crf: .nan}", "output.crf in {path}: input should be a finite number"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text + "\n")
    with pytest.raises(ConfigError) as told:
        TrackSettings.load(path)
    assert str(told.value).startswith(message.format(path=path))
    assert "\n" not in str(told.value)


def test_groups_may_share_keys_and_change_some(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "mine: {car: &car {score: .1, weight: 1}, bus: &bus {<<: *car, score: .2}}\n"
        "tram: {<<: *bus, score: .3}\n"
    )
    assert read_mapping(path, "configuration") == {
        "mine": {"car": {"score": 0.1, "weight": 1}, "bus": {"score": 0.2, "weight": 1}},
        "tram": {"score": 0.3, "weight": 1},
    }


def test_a_group_whose_keys_are_all_commented_out_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("lifecycle:\n  # lost_s: 3\ndetector:\n  score: 0.2\n")
    assert TrackSettings.load(path) == TrackSettings.load(None, {"detector.score": 0.2})
    loaded = TrackSettings.load(path, {"lifecycle.coast_s": 2})
    assert (loaded.lifecycle.coast_s, loaded.detector.score) == (2, 0.2)


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read configuration .*none\.yaml: No such file"):
        TrackSettings.load(tmp_path / "none.yaml")


def test_a_wrong_override_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"unknown key 'redetection.max_gap' in --set .*max_gap_s"
    ):
        TrackSettings.load(None, {"redetection.max_gap": 1})


def test_assignments_are_read_as_yaml() -> None:
    words = ["detector.classes=[car, bus]", "output.video=false", "source.duration_s=null"]
    assert parse_assignments(words) == {
        "detector.classes": ["car", "bus"],
        "output.video": False,
        "source.duration_s": None,
    }


@pytest.mark.parametrize("word", ["detector.score", "=3", "a=[1", "a=2026-02-30"])
def test_a_malformed_assignment_is_an_error(word: str) -> None:
    with pytest.raises(ConfigError):
        parse_assignments([word])


def test_an_override_through_a_plain_value_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'score' is a value, not a group"):
        TrackSettings.load(None, {"detector.score": 0.3, "detector.score.low": 0.1})


def test_settings_survive_pickling_and_do_not_change() -> None:
    import pickle

    settings = TrackSettings.load(None, {"detector.classes": ["car"]})
    assert pickle.loads(pickle.dumps(settings)) == settings
    with pytest.raises(ValueError, match="frozen"):
        settings.detector.score = 0.1  # type: ignore[misc]
