"""SmallerVGGNet, the classifier as published, and the detector that carries its blocks on.

The classifier is A. Rosebrock's of 2018, after Simonyan and Zisserman's VGG: plain 3x3 convolutions
whose number of filters grows as the picture shrinks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from acme_tracker.networks.blocks import ConvBlock
from acme_tracker.networks.decoding import STRIDES, RawOutputs

_MEAN, _STD = 114.0, 58.0  # of a picture's values in 0..255; padding becomes 0
_PRIOR = 0.01  # score of every output before training: most points see nothing


class SmallerVGGNet(nn.Module):
    """Tells what a picture of one object shows: (B, 3, 96, 96) RGB in 0..255 -> (B, classes).

    The outputs are logits: softmax makes them probabilities, as its loss does by itself.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvBlock(3, 32),
            *(nn.MaxPool2d(3), nn.Dropout(0.25)),
            *_stage(32, 64, 2),
            *(nn.MaxPool2d(2), nn.Dropout(0.25)),
            *_stage(64, 128, 2),
            *(nn.MaxPool2d(2), nn.Dropout(0.25)),
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(128 * 8 * 8, 1024),
            *(nn.ReLU(), nn.BatchNorm1d(1024), nn.Dropout(0.5)),
            nn.Linear(1024, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features((images - _MEAN) / _STD))
        return logits


@dataclass(frozen=True)
class SmallerVggSpec:
    """Everything that shapes the detector: what a weights file must know.

    Attributes:
        outputs: names of the K scores, super-classes ("vehicle": any of car, bus, truck) included.
        width: factor on the number of filters; 0.5 takes 0.56 GMAC at 640x384.
        stem_stride: of the first convolution; 4 is for large pictures.
        branches: RepVGG's, while training.
    """

    outputs: tuple[str, ...]
    width: float = 0.5
    stem_stride: Literal[2, 4] = 2
    branches: bool = True


class SmallerVggDetector(nn.Module):
    """Anchor-free detector: SmallerVGGNet's blocks on to strides 8, 16 and 32, a top-down neck.

    Strided convolutions stand in place of the pooling: the first of each stage does its work on a
    quarter of the pixels. The head is decoupled: a 3x3 convolution each for scores and boxes.
    """

    def __init__(self, spec: SmallerVggSpec) -> None:
        super().__init__()
        self.spec = spec
        branches = spec.branches
        stem, *widths = (_filters(base, spec.width) for base in (32, 64, 96, 192, 256))
        neck = _filters(64, spec.width)
        # No branch: from three channels it adds little.
        self.stem = ConvBlock(3, stem, spec.stem_stride, spec.stem_stride + 1)
        strides = (4 // spec.stem_stride, 2, 2, 2)
        inputs = (stem, *widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(*_stage(i, o, depth, stride, branches))
            for i, o, depth, stride in zip(inputs, widths, (1, 2, 2, 2), strides, strict=True)
        )
        self.lateral = nn.ModuleList(ConvBlock(i, neck, kernel=1) for i in widths[1:])
        self.smooth, self.score_towers, self.box_towers = (
            nn.ModuleList(ConvBlock(neck, neck, branches=branches) for _ in STRIDES)
            for _ in range(3)
        )
        prior = -math.log((1 - _PRIOR) / _PRIOR)
        self.scores = nn.ModuleList(_last(neck, len(spec.outputs), prior) for _ in STRIDES)
        # A box of three strides to begin with.
        self.boxes = nn.ModuleList(_last(neck, 4, math.log(1.5)) for _ in STRIDES)

    def forward(self, images: Tensor) -> RawOutputs:
        """(B, 3, H, W) RGB in 0..255 of any type, sides multiples of 32 -> raw outputs."""
        maps = self._pyramid(self.stem((images - _MEAN) / _STD))
        logits, distances = [], []
        for level, features in enumerate(maps):
            scores = self.scores[level](self.score_towers[level](features))
            boxes = self.boxes[level](self.box_towers[level](features))
            logits.append(scores.flatten(2).transpose(1, 2))  # (B, H * W, K)
            distances.append(boxes.flatten(2).transpose(1, 2))
        return RawOutputs(torch.cat(logits, 1), torch.cat(distances, 1))

    def _pyramid(self, x: Tensor) -> list[Tensor]:
        """Features of strides 8, 16 and 32, the coarse added to the finer (Lin et al. 2017)."""
        x = self.stages[0](x)
        sides = []
        for stage, lateral in zip(self.stages[1:], self.lateral, strict=True):
            x = stage(x)
            sides.append(lateral(x))
        maps = [self.smooth[2](sides[2])]
        above = sides[2]
        for level in (1, 0):
            above = self.smooth[level](sides[level] + F.interpolate(above, scale_factor=2.0))
            maps.insert(0, above)
        return maps


def _filters(base: int, width: float) -> int:
    """A multiple of 8, which processors like."""
    return max(8, round(base * width / 8) * 8)


def _stage(
    inputs: int, outputs: int, depth: int, stride: int = 1, branches: bool = False
) -> list[ConvBlock]:
    first = ConvBlock(inputs, outputs, stride, branches=branches)
    return [first, *(ConvBlock(outputs, outputs, branches=branches) for _ in range(depth - 1))]


def _last(inputs: int, outputs: int, bias: float) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 1)
    nn.init.normal_(conv.weight, std=0.01)
    assert conv.bias is not None
    nn.init.constant_(conv.bias, bias)
    return conv
