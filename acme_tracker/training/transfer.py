"""Begins a training with what another one learnt, whatever its classes were."""

from __future__ import annotations

from pathlib import Path

import torch

from acme_tracker.errors import ConfigError
from acme_tracker.networks.smaller_vgg import SmallerVggDetector
from acme_tracker.networks.weights import load_detector
from acme_tracker.resources import models_dir, user_path
from acme_tracker.training.run_folder import BEST

NONE = "none"
_IN_FOLDERS = (BEST, "model.safetensors")  # of a run, of a shipped model


def find_weights(given: str | None) -> Path | None:
    """The file of `model.weights`: itself, or that of a run's or model's folder, or of a model.

    Raises:
        ConfigError: there is none.
    """
    if given is None or given == NONE:
        return None
    path = user_path(given)
    shipped = models_dir() / given
    for place in (path, shipped):
        if place.is_file():
            return place
        for name in _IN_FOLDERS:
            if (place / name).is_file():
                return place / name
    raise ConfigError(
        f"model.weights: {given} is no weights file, no folder with {' or '.join(_IN_FOLDERS)}, "
        f"and no model in {models_dir()}"
    )


def take_over(network: SmallerVggDetector, path: Path) -> list[str]:
    """Copy weights of a file into a network of the same width.

    The last layer's scores go by the names of the outputs: those that the file does not know stay
    as they are.

    Returns:
        The outputs that were not known.

    Raises:
        DetectorError: the file holds no detector.
        ConfigError: it is one of another width or stem stride.
    """
    other, _ = load_detector(path)
    mine, theirs = network.spec, other.spec
    for key in ("width", "stem_stride", "branches"):
        if getattr(mine, key) != getattr(theirs, key):
            raise ConfigError(
                f"model.{key} is {getattr(mine, key)}, but {path} has {getattr(theirs, key)}: "
                "training from it needs the same"
            )
    known = [name for name in mine.outputs if name in theirs.outputs]
    rows = [mine.outputs.index(name) for name in known]
    from_rows = [theirs.outputs.index(name) for name in known]
    state, found = network.state_dict(), other.state_dict()
    with torch.no_grad():
        for key, value in state.items():
            if key.startswith("scores."):
                value[rows] = found[key][from_rows]
            else:
                value.copy_(found[key])
    return [name for name in mine.outputs if name not in theirs.outputs]
