"""Detectors by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acme_tracker.config import DetectorSettings, nearest
from acme_tracker.detection import background, torchvision
from acme_tracker.detection.background import open_motion
from acme_tracker.detection.cards import load_card
from acme_tracker.detection.onnx import open_card
from acme_tracker.detection.runtime import missing_file
from acme_tracker.detection.selection import MOVING, select_classes
from acme_tracker.detection.torchvision import (
    PREFIX,
    cached_weights,
    open_torchvision,
    torchvision_labels,
    torchvision_names,
)
from acme_tracker.errors import AcmeTrackerError, DetectorError
from acme_tracker.interfaces import Detector
from acme_tracker.resources import configs_dir, models_dir

MOTION = "motion"


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """One line of `acme-tracker models`.

    Attributes:
        name: what `--detector` takes.
        kind: "motion", "model" (ours), "card" (others' weights) or "torchvision".
        classes: the road users that it finds.
        problem: why it cannot run here as it stands, "" if it can.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    problem: str = ""


def open_detector(settings: DetectorSettings) -> Detector:
    """The detector that the settings name: `motion`, `torchvision:NAME`, a card or its name."""
    name = settings.name
    if name == MOTION:
        return open_motion(settings)
    if name.startswith(PREFIX):
        return open_torchvision(name.removeprefix(PREFIX), settings)
    card = _card_path(name)
    if card is not None:
        return open_card(card, settings)
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
    card = _card_path(name)
    return torchvision.WORKING_SCORE if card is None else load_card(card).score


def _card_path(name: str) -> Path | None:
    """A card by its file, or by the name of one that comes with the program; None for no card."""
    if Path(name).suffix in (".yaml", ".yml"):
        return Path(name).expanduser()
    return shipped_cards().get(name)


def shipped_cards() -> dict[str, Path]:
    """The cards that come with the program: one file for others' weights, one folder for ours."""
    others = {path.stem: path for path in sorted((configs_dir() / "detectors").glob("*.yaml"))}
    ours = {path.parent.name: path for path in sorted(models_dir().glob("*/card.yaml"))}
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
    classes = select_classes(card.classes, (), name).names
    return DetectorInfo(name, kind, classes, missing_file(card.weights))


def _torchvision_info(name: str) -> DetectorInfo:
    classes = select_classes(torchvision_labels(name), (), name).names
    weights = cached_weights(name)
    problem = "" if weights.is_file() else f"{weights} is missing: downloaded on first use"
    return DetectorInfo(PREFIX + name, "torchvision", classes, problem)
