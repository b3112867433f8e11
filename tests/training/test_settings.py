from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import yaml

from acme_tracker.errors import ConfigError
from acme_tracker.resources import configs_dir
from acme_tracker.training.settings import TrainSettings

FILE = configs_dir() / "train.yaml"


def test_the_shipped_file_gives_every_key_its_default() -> None:
    shipped = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert TrainSettings.load(FILE) == TrainSettings()
    assert {group: list(keys) for group, keys in shipped.items()} == {
        group: list(keys) for group, keys in TrainSettings().model_dump().items()
    }


def test_every_key_of_the_shipped_file_is_explained_in_place() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        if line.startswith("  ") and not line.lstrip().startswith("#"):
            assert before.lstrip().startswith("#"), f"{line.strip()} has no comment above it"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("input.size", [640, 360], "multiples of 32"),
        ("data.sources", {"a": {"zoom": [2, 1]}}, "first must not be above the second"),
        ("data.sources", {"a": {"zooom": [1, 2]}}, "data.sources.a.zooom' .*; did you mean 'zoom'"),
        ("data.sources", {"a": {"size": 2}}, "known: aspect, weight, zoom$"),
        ("data.sources", {"a": 3}, r"a group of settings \(weight, zoom, aspect\), got 3"),
        ("optimisation.epoch", 3, "did you mean 'epochs'"),
        ("optimisation.seed", 2**63, "less than 9223372036854775808"),
        ("input.training_sizes", [], "at least 1"),
    ],
)
def test_wrong_values_are_told(key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainSettings.load(None, {key: value})
