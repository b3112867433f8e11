"""Everything that `acme-tracker train` can be told; configs/train.yaml says what each means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from acme_tracker.config import Settings
from acme_tracker.networks.decoding import STRIDES


def _rising(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError("the first must not be above the second")
    return pair


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    if size[0] % STRIDES[-1] or size[1] % STRIDES[-1]:
        raise ValueError(f"width and height must be multiples of {STRIDES[-1]}")
    return size


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Side = Annotated[int, Field(gt=0)]
Range = Annotated[tuple[Positive, Positive], AfterValidator(_rising)]
Size = Annotated[tuple[Side, Side], AfterValidator(_fitting)]


class ModelSettings(Settings):
    name: str = "smaller-vgg"
    classes: tuple[str, ...] = ()
    super_classes: tuple[str, ...] = ("vehicle",)
    width: float = Field(0.5, gt=0, le=4)
    stem_stride: Literal[2, 4] = 2
    branches: bool = True
    weights: str | None = None


class SourceOfImages(Settings):
    """How the images are treated whose names begin alike."""

    weight: float = Field(1, gt=0)
    zoom: Range = (0.5, 1.5)
    aspect: Range | None = None


class DataSettings(Settings):
    validation_names: tuple[str, ...] = ()
    validation_share: float = Field(0.1, gt=0, lt=1)
    sources: dict[str, SourceOfImages] = {}
    workers: int = Field(2, ge=0)
    cache_mb: int = Field(1200, ge=0)


class InputSettings(Settings):
    size: Size = (640, 384)
    training_sizes: tuple[Size, ...] = Field(((416, 256), (480, 288), (384, 224)), min_length=1)
    full_size_share: Share = 0.33


class AugmentationSettings(Settings):
    mosaic: Share = 0.5
    plain_share: Share = 0.15
    flip: Share = 0.5
    rotation_degrees: float = Field(3, ge=0, le=45)
    colour: Share = 0.8
    grey: Share = 0.05
    blur: Share = 0.1
    compression: Share = 0.1
    night: Share = 0.1
    rain: Share = 0.05
    least_side_px: float = Field(4, ge=1)
    least_visible: Share = 0.3


class OptimisationSettings(Settings):
    epochs: int = Field(150, ge=1)
    batch: int = Field(32, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    final_rate: Share = 0.02
    warmup_steps: int = Field(200, ge=0)
    weight_decay: float = Field(0.02, ge=0)
    clip_norm: float = Field(10, gt=0)
    box_weight: float = Field(2.5, gt=0)
    average: float = Field(0.9993, ge=0, lt=1)
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"
    seed: int = Field(0, ge=0, lt=2**63)


class FineTuningSettings(Settings):
    frozen_epochs: int = Field(0, ge=0)
    backbone_rate: float = Field(1, gt=0, le=1)
    frozen_norms: bool = False


class ValidationSettings(Settings):
    every_epochs: int = Field(1, ge=1)
    patience_epochs: int = Field(30, ge=1)
    batch: int = Field(8, ge=1)


class TrainSettings(Settings):
    """Everything that `acme-tracker train` can be told."""

    model: ModelSettings = ModelSettings()
    data: DataSettings = DataSettings()
    input: InputSettings = InputSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    optimisation: OptimisationSettings = OptimisationSettings()
    fine_tuning: FineTuningSettings = FineTuningSettings()
    validation: ValidationSettings = ValidationSettings()
