"""Detectors by card: other people's ONNX and OpenVINO files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import ClassList, Detections, Floats
from acme_tracker.detection.cards import Card, load_card, selector_of
from acme_tracker.detection.families import FAMILIES, Shape
from acme_tracker.detection.preprocessing import Placement, Preprocessor
from acme_tracker.detection.runtime import Network, open_network
from acme_tracker.detection.selection import Selector, check_images, select_classes
from acme_tracker.errors import DetectorError
from acme_tracker.frames import Image


class CardDetector:
    """A network run as its card says, one picture at a time: most files take no more."""

    def __init__(self, card: Card, network: Network, selector: Selector) -> None:
        self._network, self._select = network, selector
        self._family = FAMILIES[card.family](card.input_size, len(card.classes))
        self.prepare = Preprocessor(
            card.input_size, card.resize, card.colours, card.mean, card.std, card.pad
        )

    @property
    def classes(self) -> ClassList:
        return self._select.classes

    @property
    def device(self) -> str:
        return self._network.device

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        check_images(images)
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        blob, placement = self.prepare(image)
        return self.read(self._network(blob), placement, (image.shape[1], image.shape[0]))

    def read(
        self, outputs: Sequence[Floats], placement: Placement, size: tuple[int, int]
    ) -> Detections:
        """The network's outputs as detections in a picture of (width, height)."""
        found = self._family.decode(outputs, self._select.least)
        return self._select(replace(found, xyxy=placement.to_picture(found.xyxy)), size)


def open_card(path: Path, settings: DetectorSettings) -> CardDetector:
    """The detector of a card, with the settings' weights, score and classes in place of its own."""
    card = load_card(path)
    assert isinstance(card, Card), "a model of ours: smaller_vgg.open_model"
    wanted = select_classes(card.classes, settings.classes, f"detector {path.stem}")
    selector = selector_of(card, wanted, settings.score)
    weights = settings.weights or card.weights
    network = open_network(weights, settings.device, settings.threads)
    _check_shapes(path, card, weights, network)
    return CardDetector(card, network, selector)


def _check_shapes(path: Path, card: Card, weights: Path, network: Network) -> None:
    """DetectorError unless the network takes and gives what the card says."""
    width, height = card.input_size
    wanted: list[Shape] = [(1, 3, height, width)]
    got = [network.input_shape]
    family = FAMILIES[card.family](card.input_size, len(card.classes))
    if _fit(wanted, got):
        wanted, got = family.output_shapes, network.output_shapes
        if _fit(wanted, got):
            return
        side = f"outputs of family {card.family} for {len(card.classes)} classes"
    else:
        side = "an input"
    raise DetectorError(
        f"card {path} wants {side} of shape {_show(wanted)}, but {weights.name} has {_show(got)}"
    )


def _fit(wanted: Sequence[Shape], got: Sequence[Shape]) -> bool:
    return len(wanted) == len(got) and all(
        len(w) == len(g) and all(None in (a, b) or a == b for a, b in zip(w, g, strict=True))
        for w, g in zip(wanted, got, strict=True)
    )


def _show(shapes: Sequence[Shape]) -> str:
    return ", ".join("x".join("N" if n is None else str(n) for n in shape) for shape in shapes)
