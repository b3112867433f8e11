"""Readers and writers of label formats; every reader says what is labelled and what is unknown.

dataset = open_dataset("traffic/", split="val")
for image in dataset:
    picture = load_image(image.path)
    image.xyxy, image.class_id, image.ignore, image.labelled
"""

from acme_tracker.datasets.images import image_size, load_image
from acme_tracker.datasets.maps import (
    combine,
    map_classes,
    parse_class_map,
    with_classes,
)
from acme_tracker.datasets.problems import Problem, Severity
from acme_tracker.datasets.registry import (
    guess_format,
    open_class_folders,
    open_combined,
    open_dataset,
    open_sequences,
    write_dataset,
    write_sequences,
)
from acme_tracker.datasets.types import (
    REGION,
    ClassifiedImages,
    DetectionDataset,
    LabelledBoxes,
    LabelledImage,
    Sequence,
)

__all__ = [
    "REGION",
    "ClassifiedImages",
    "DetectionDataset",
    "LabelledBoxes",
    "LabelledImage",
    "Problem",
    "Sequence",
    "Severity",
    "combine",
    "guess_format",
    "image_size",
    "load_image",
    "map_classes",
    "open_class_folders",
    "open_combined",
    "open_dataset",
    "open_sequences",
    "parse_class_map",
    "with_classes",
    "write_dataset",
    "write_sequences",
]
