"""Detectors by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from acme_tracker.config import DetectorSettings, nearest
from acme_tracker.detection import background, smaller_vgg, torchvision
from acme_tracker.detection.background import open_motion
from acme_tracker.detection.cards import CARD, ModelCard, load_card
from acme_tracker.detection.onnx import open_card
from acme_tracker.detection.runtime import missing_file
from acme_tracker.detection.selection import MOVING, select_classes
from acme_tracker.detection.smaller_vgg import WEIGHTS, Size, open_model, open_weights
from acme_tracker.detection.torchvision import (
    PREFIX,
    cached_weights,
    open_torchvision,
    torchvision_labels,
    torchvision_names,
)
from acme_tracker.errors import AcmeTrackerError, ConfigError, DetectorError
from acme_tracker.interfaces import Detector
from acme_tracker.resources import configs_dir, models_dir, user_path

MOTION = "motion"
_IN_RUNS = "best.safetensors"
_SIZED = re.compile(r"(.+)@(\d+)x(\d+)")


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """One line of `acme-tracker models`.

    Attributes:
        name: what `--detector` takes.
        kind: "motion", "model" (ours), "card" (others' weights) or "torchvision".
        classes: what it finds.
        problem: why it cannot run here as it stands, "" if it can.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    problem: str = ""


def open_detector(settings: DetectorSettings) -> Detector:
    """The detector that the settings name.

    `motion`; `torchvision:NAME`; a card or the name of one; a model of ours: its name, its folder,
    a run's folder or weights file, and `@WIDTHxHEIGHT` after it for another input size than its
    own.
    """
    name, size = _split_size(settings.name)
    path = find_file(name)
    if path is None:
        detector = _open_named(name, settings)
    elif path.suffix == WEIGHTS:
        return open_weights(path, settings, size)
    else:
        card = load_card(path)
        if isinstance(card, ModelCard):
            return open_model(path.parent, card, settings, size)
        detector = open_card(path, settings)
    if size is not None:
        raise ConfigError(f"{settings.name}: detector {name} has an input size of its own")
    return detector


def _open_named(name: str, settings: DetectorSettings) -> Detector:
    """A detector that is no file."""
    if name == MOTION:
        return open_motion(settings)
    if name.startswith(PREFIX):
        return open_torchvision(name.removeprefix(PREFIX), settings)
    if Path(name).suffix in (".onnx", ".xml"):
        raise DetectorError(
            f"{name} needs a card, a YAML file that says how to feed and read it: "
            f"see {configs_dir() / 'detectors'}, then --detector CARD.yaml"
        )
    if name.startswith("smaller-vgg"):
        raise DetectorError(f"no model {name!r} in {models_dir()}{nearest(name, _names())}")
    raise DetectorError(f"no detector {name!r}{nearest(name, _names())}")


def working_score(name: str) -> float:
    """The least score that counts with a detector that `open_detector` knows, by its own settings.

    Where the user sets another one, that counts.
    """
    if name == MOTION:
        return background.WORKING_SCORE
    path = find_file(_split_size(name)[0])
    if path is None:
        return torchvision.WORKING_SCORE
    return smaller_vgg.WORKING_SCORE if path.suffix == WEIGHTS else load_card(path).score


def find_file(name: str) -> Path | None:
    """The card, or the weights file without one, that a name stands for; None if it is no file.

    A card by its file, or by the name of one that comes with the program; a model's folder; a run's
    folder, or its weights file.
    """
    shipped = shipped_cards().get(name)
    if shipped is not None:
        return shipped
    path = user_path(name)
    if path.suffix in (".yaml", ".yml", WEIGHTS):
        return path
    return next((path / n for n in (CARD, _IN_RUNS) if (path / n).is_file()), None)


def name_of_folder(folder: Path) -> str:
    """What `open_detector` takes for a model's folder: its card where its name means another."""
    name, card = str(folder), folder / CARD
    sized = _split_size(name)[1] is not None
    return name if name != MOTION and not sized and find_file(name) == card else str(card)


def _split_size(name: str) -> tuple[str, Size | None]:
    """`smaller-vgg@512x320` -> the name, and (512, 320)."""
    sized = _SIZED.fullmatch(name)
    return (name, None) if sized is None else (sized[1], (int(sized[2]), int(sized[3])))


def shipped_cards() -> dict[str, Path]:
    """The cards that come with the program: one file for others' weights, one folder for ours."""
    others = {path.stem: path for path in sorted((configs_dir() / "detectors").glob("*.yaml"))}
    ours = {path.parent.name: path for path in sorted(models_dir().glob(f"*/{CARD}"))}
    return {**others, **ours}


def list_detectors() -> list[DetectorInfo]:
    """Everything that `open_detector` knows by name."""
    found = [DetectorInfo(MOTION, MOTION, (MOVING,))]
    found += [_card_info(name, path) for name, path in shipped_cards().items()]
    return found + [_torchvision_info(name) for name in torchvision_names()]


def _names() -> list[str]:
    return [MOTION, *shipped_cards(), *(PREFIX + name for name in torchvision_names())]


def _card_info(name: str, path: Path) -> DetectorInfo:
    kind = "model" if path.is_relative_to(models_dir()) else "card"
    try:
        card = load_card(path)
    except AcmeTrackerError as error:
        return DetectorInfo(name, kind, (), str(error))
    wanted = card.classes if isinstance(card, ModelCard) else ()
    classes = select_classes(card.classes, wanted, name).names
    weights = path.parent / card.cpu if isinstance(card, ModelCard) else card.weights
    return DetectorInfo(name, kind, classes, missing_file(weights))


def _torchvision_info(name: str) -> DetectorInfo:
    classes = select_classes(torchvision_labels(name), (), name).names
    weights = cached_weights(name)
    problem = "" if weights.is_file() else f"{weights} is missing: downloaded on first use"
    return DetectorInfo(PREFIX + name, "torchvision", classes, problem)
