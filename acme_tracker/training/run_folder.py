"""What a training run leaves: checkpoints, figures, pictures, and how it came to be."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
import yaml

from acme_tracker import __version__
from acme_tracker.errors import ConfigError, OutputError
from acme_tracker.training.settings import TrainSettings

CHECKPOINT = "last.pt"
BEST = "best.safetensors"
SETTINGS = "settings.yaml"
METRICS = "metrics.csv"
ORIGIN = "origin.json"

Row = dict[str, float | int]


class RunFolder:
    """The folder of one run; files appear whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, settings: TrainSettings, data: Mapping[str, Any]) -> None:
        """A new run.

        Raises:
            OutputError: the folder cannot be made, or holds a run.
        """
        if (self.path / CHECKPOINT).exists():
            raise OutputError(
                f"{self.path} holds a run: go on with --resume, or give another folder with --out"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {self.path}: {error.strerror}") from None
        values = settings.model_dump(mode="json")
        self.write(SETTINGS, yaml.safe_dump(values, sort_keys=False).encode())
        origin = {"data": dict(data), "environment": environment()}
        self.write(ORIGIN, (json.dumps(origin, indent=1) + "\n").encode())

    def resume(self, settings: TrainSettings, data: Mapping[str, Any]) -> dict[str, Any]:
        """The last checkpoint of a run with the same settings and data.

        Raises:
            ConfigError: there is none, or it is of another run.
        """
        path = self.path / CHECKPOINT
        if not path.is_file():
            raise ConfigError(f"--resume: no {path}; leave --resume out to begin a run")
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            before = TrainSettings.model_validate_json(saved["settings"])
        except Exception as error:  # unpickling has no base of its own
            raise ConfigError(f"--resume: {path} is damaged, or of another version") from error
        old, new = _flat(before.model_dump(mode="json")), _flat(settings.model_dump(mode="json"))
        for key in sorted((old.keys() | new.keys()) - _MAY_CHANGE):
            if old.get(key) != new.get(key):
                was, now = (values.get(key, "not given") for values in (old, new))
                raise ConfigError(
                    f"--resume: {key} was {was} and is now {now}; a run goes on with the settings "
                    f"that it began with, which are in {self.path / SETTINGS}; to train on with "
                    f"others, begin one with --set model.weights={self.path}"
                )
        if saved["data"] != dict(data):
            raise ConfigError(
                f"--resume: the images or labels are not those that {path} began with"
            )
        return dict(saved)

    def save_checkpoint(
        self, state: Mapping[str, Any], settings: TrainSettings, data: Mapping[str, Any]
    ) -> None:
        """Everything that going on needs, in place of the last one."""
        whole = {**state, "settings": settings.model_dump_json(), "data": dict(data)}
        buffer = io.BytesIO()
        torch.save(whole, buffer)
        self.write(CHECKPOINT, buffer.getvalue())

    def write_metrics(self, rows: Sequence[Row]) -> None:
        """One line an epoch; what was not measured is empty."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        lines = csv.writer(text)
        lines.writerow(columns)
        lines.writerows([_text(row.get(name, math.nan)) for name in columns] for row in rows)
        self.write(METRICS, text.getvalue().encode())

    def write(self, name: str, content: bytes) -> None:
        """A file in place of the one of that name; OutputError if that fails."""
        self.replace(name, lambda path: path.write_bytes(content))

    def replace(self, name: str, write: Callable[[Path], object]) -> None:
        """Let `write` write a file beside the one of that name, then put it in its place."""
        path = self.path / name
        beside = path.with_name(f".{name}")
        try:
            write(beside)
            os.replace(beside, path)  # noqa: PTH105 - the same on every system
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None


# What leaves the result as it is.
_MAY_CHANGE = {"data.workers", "data.cache_mb", "validation.batch"}


def environment() -> dict[str, Any]:
    """The machine and the versions of what computes."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    packages = ("torch", "torchvision", "numpy", "safetensors", "faster-coco-eval")
    return {
        "acme_tracker": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "gpu": gpu,
        "packages": {name: _version(name) for name in packages},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = isinstance(value, dict)
        flat |= _flat(value, f"{before}{key}.") if inner else {f"{before}{key}": value}
    return flat


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
