"""Cards: what must be known of an ONNX or OpenVINO file to detect with it, and where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from acme_tracker.config import Settings, nearest, read_mapping
from acme_tracker.detection.families import FamilyName
from acme_tracker.detection.preprocessing import Triple
from acme_tracker.detection.selection import Suppression
from acme_tracker.errors import ConfigError

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


class Card(Settings):
    """A detector's file and how to feed and read it.

    Attributes:
        weights: ONNX file or OpenVINO .xml, relative to the card.
        family: how boxes are read from the outputs.
        input_size: (width, height) of the network's input.
        resize: `stretch` to the input, or keep the aspect, `top-left` or `centred` in it.
        pad: value around a picture that keeps its aspect, before `mean` and `std`.
        colours: order of the input's channels.
        mean, std: input = (pixel - mean) / std with pixels 0..255, in the order of `colours`.
        classes: name of each label the network gives, in its order, or `coco80`.
        score: the least score of a detection, where the user sets none.
        nms: boxes of what outdo each other: the same class, the same kind (car, bus and truck are
            one kind, bicycle and motorcycle another), any; `none` where the network has done it.
        nms_iou: from which overlap on.
        max_detections: the best so many a picture.
        licence, notes: for people.
    """

    weights: Path
    family: FamilyName
    input_size: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
    resize: Literal["stretch", "top-left", "centred"]
    classes: Annotated[tuple[str, ...], BeforeValidator(_class_names), Field(min_length=1)]
    pad: int = Field(0, ge=0, le=255)
    colours: Literal["bgr", "rgb"] = "bgr"
    mean: Triple = (0, 0, 0)
    std: Triple = (1, 1, 1)
    score: float = Field(0.3, ge=0, le=1)
    nms: Suppression = "per-kind"
    nms_iou: float = Field(0.6, gt=0, le=1)
    max_detections: int = Field(300, gt=0)
    licence: str = ""
    notes: str = ""

    @model_validator(mode="after")
    def _check_std(self) -> Self:
        if min(self.std) <= 0:
            raise ValueError("std must be above 0")
        return self


def load_card(path: Path) -> Card:
    """A card with its weights' path made absolute; ConfigError if a key or value is wrong."""
    given = read_mapping(path, "detector card")
    for key in given:
        if key not in Card.model_fields:
            raise ConfigError(
                f"unknown key {key!r} in {path}{nearest(str(key), Card.model_fields)}"
            )
    for key, field in Card.model_fields.items():
        if field.is_required() and key not in given:
            raise ConfigError(f"detector card {path} lacks the key {key!r}")
    card = Card.load(path)
    return card.model_copy(update={"weights": (path.parent / card.weights).resolve()})
