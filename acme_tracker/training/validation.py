"""How good a network is on the images that are held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from acme_tracker.datasets import LabelledImage
from acme_tracker.datatypes import Detections
from acme_tracker.frames import Image
from acme_tracker.metrics.average_precision import average_precision
from acme_tracker.training.data import TrainingData, load_picture

Find = Callable[[Sequence[Image]], list[Detections]]


def validate(find: Find, data: TrainingData, batch: int) -> dict[str, float]:
    """AP, AP50 and AP75 in percent, the mean over all outputs, and AP50 of each; NaN if unknown.

    `find` gives detections of the data's outputs. Where cars, buses and trucks are all labelled, so
    are vehicles: AP50_vehicle counts them alike.
    """
    truths: list[LabelledImage] = []
    found: list[Detections] = []
    for images in _batches(data, batch):
        truths += [data.rules.truth(image) for image in images]
        found += find([load_picture(image.path) for image in images])
    scored = average_precision(truths, found)
    figures = {name: scored.figures()[name] for name in ("AP", "AP50", "AP75")}
    for number, name in enumerate(data.rules.outputs):
        figures[f"AP50_{name}"] = 100 * scored.mean(0.5, number)
    return figures


def _batches(data: TrainingData, size: int) -> Iterator[list[LabelledImage]]:
    images = list(data.validation)
    for first in range(0, len(images), size):
        yield images[first : first + size]
