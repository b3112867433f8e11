"""Cards: what must be known of a network's files to detect with them, and where they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from acme_tracker.config import Settings, nearest, read_mapping
from acme_tracker.datatypes import ClassList
from acme_tracker.detection.families import FamilyName
from acme_tracker.detection.preprocessing import Triple
from acme_tracker.detection.selection import Selector, Suppression
from acme_tracker.errors import ConfigError, DetectorError
from acme_tracker.networks.outputs import Outputs

COCO80 = tuple(
    """person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,
    stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,
    umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,
    baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,
    banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,
    bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,
    refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush""".replace(
        "\n    ", ""
    ).split(",")
)


def _class_names(value: Any) -> Any:
    return COCO80 if value == "coco80" else value


SMALLER_VGG = "smaller-vgg"
CARD = "card.yaml"
Side = Annotated[int, Field(gt=0)]


class _Thresholds(Settings):
    """What every card may say.

    Attributes:
        score: the least score of a detection, where the user sets none.
        class_scores: that of classes which want another.
        nms: boxes of what outdo each other: the same class, the same kind (car, bus and truck are
            one kind, bicycle and motorcycle another), any; `none` where the network has done it.
        nms_iou: from which overlap on.
        max_detections: the best so many a picture.
        licence, notes: for people.
    """

    score: float = Field(0.3, ge=0, le=1)
    class_scores: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    nms: Suppression = "per-kind"
    nms_iou: float = Field(0.6, gt=0, le=1)
    max_detections: int = Field(300, gt=0)
    licence: str = ""
    notes: str = ""


class Card(_Thresholds):
    """Somebody's detector: its file and how to feed and read it.

    Attributes:
        weights: ONNX file or OpenVINO .xml, relative to the card.
        family: how boxes are read from the outputs.
        input_size: (width, height) of the network's input.
        resize: `stretch` to the input, or keep the aspect, `top-left` or `centred` in it.
        pad: value around a picture that keeps its aspect, before `mean` and `std`.
        colours: order of the input's channels.
        mean, std: input = (pixel - mean) / std with pixels 0..255, in the order of `colours`.
        classes: name of each label the network gives, in its order, or `coco80`.
    """

    weights: Path
    family: FamilyName
    input_size: tuple[Side, Side]
    resize: Literal["stretch", "top-left", "centred"]
    classes: Annotated[tuple[str, ...], BeforeValidator(_class_names), Field(min_length=1)]
    pad: int = Field(0, ge=0, le=255)
    colours: Literal["bgr", "rgb"] = "bgr"
    mean: Triple = (0, 0, 0)
    std: Triple = (1, 1, 1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        _must_be_known("class_scores", self.class_scores, self.classes, "classes")
        return self


class DataSource(Settings):
    """Footage that a model learnt from, or was measured on and never saw."""

    name: str
    licence: str
    images: int | None = None
    notes: str = ""


class ModelCard(_Thresholds):
    """A detector that `acme-tracker export` wrote, in a folder with its card.

    Attributes:
        family: the network.
        outputs: names of its scores, in order: classes, and super-classes (any of their members).
        super_classes: what those stand for.
        input_size: (width, height) that it is for; other multiples of 32 work.
        resize, colours: a picture is stretched to the input; values are 0..255, the rest is inside.
        torch: the weights file that torch runs, on CUDA.
        cpu: the file that OpenVINO runs.
        files: SHA-256 of every file that the folder needs.
        trained: what the weights file says of its training.
        trained_on, held_out: footage, with its licences.
        recipe: how to train it again.
        accuracy: rows of a table.
        int8: what integers cost in accuracy and gain in speed, as measured by the export.
    """

    family: Literal["smaller-vgg"]
    outputs: Annotated[tuple[str, ...], Field(min_length=1)]
    super_classes: dict[str, tuple[str, ...]]
    input_size: tuple[Side, Side]
    torch: str
    cpu: str
    files: dict[str, str]
    resize: Literal["stretch"] = "stretch"
    colours: Literal["rgb"] = "rgb"
    trained: dict[str, str] = {}
    trained_on: tuple[DataSource, ...] = ()
    held_out: tuple[DataSource, ...] = ()
    recipe: str = ""
    accuracy: tuple[dict[str, str | int | float], ...] = ()
    int8: dict[str, int | float] = {}

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if len(set(self.outputs)) < len(self.outputs):
            raise ValueError("outputs must be unique")
        _must_be_known("super_classes", self.super_classes, self.outputs, "outputs")
        _must_be_known("class_scores", self.class_scores, self.classes, "classes")
        for name in (self.torch, self.cpu):
            if name not in self.files:
                raise ValueError(f"files lacks {name!r}")
        return self

    @property
    def rules(self) -> Outputs:
        """How the outputs' scores become scores of classes."""
        return Outputs(ClassList(self.outputs, self.super_classes))

    @property
    def classes(self) -> tuple[str, ...]:
        """What objects are called."""
        return self.rules.classes.names


AnyCard = Card | ModelCard


def _must_be_known(key: str, names: Iterable[str], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{key}: {name!r} is none of the {what}{nearest(name, known)}")


def selector_of(card: AnyCard, wanted: ClassList, score: float | None) -> Selector:
    """What counts: by the card's scores, or from the user's one on."""
    return Selector(
        card.classes,
        wanted,
        card.score if score is None else score,
        card.nms,
        card.nms_iou,
        card.max_detections,
        card.class_scores if score is None else {},
    )


def load_card(path: Path) -> AnyCard:
    """A card of either kind, as its family says; ConfigError if a key or value is wrong.

    The paths of somebody's weights are made absolute; a model's files lie beside its card.
    """
    given = read_mapping(path, "detector card")
    kind: type[AnyCard] = ModelCard if given.get("family") == SMALLER_VGG else Card
    _check_keys(path, given, kind)
    card = kind.load(path)
    if isinstance(card, ModelCard):
        return card
    return card.model_copy(update={"weights": (path.parent / card.weights).resolve()})


def check_file(folder: Path, card: ModelCard, name: str) -> Path:
    """A file that a model's card names.

    Raises:
        DetectorError: it is not there, or not the one that the card was written for.
    """
    for each in (name, f"{Path(name).stem}.bin") if name.endswith(".xml") else (name,):
        try:
            found = hashlib.sha256((folder / each).read_bytes()).hexdigest()
        except OSError as error:
            raise DetectorError(f"no weights file {folder / each}: {error.strerror}") from None
        if found != card.files.get(each):
            raise DetectorError(
                f"weights file {folder / each} is not the one that its card.yaml was written for "
                "(another SHA-256): export the model again, or take the folder anew"
            )
    return folder / name


def _check_keys(path: Path, given: Mapping[str, Any], kind: type[AnyCard]) -> None:
    for key in given:
        if key not in kind.model_fields:
            raise ConfigError(
                f"unknown key {key!r} in {path}{nearest(str(key), kind.model_fields)}"
            )
    for key, field in kind.model_fields.items():
        if field.is_required() and key not in given:
            raise ConfigError(f"detector card {path} lacks the key {key!r}")
