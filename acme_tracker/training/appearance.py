"""Changes how training samples look: torchvision's transforms, and some of our own for the road.

Everything random comes from torch's global generator, as in torchvision.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from acme_tracker.frames import Image
from acme_tracker.training.settings import AugmentationSettings

_LUMA = np.array([0.299, 0.587, 0.114])  # of R, G, B, as in BT.601
_GRAINS = 2**21
_FAR = 20.0  # from there on a halo is black; numbers near 0 would be slow to compute with


def appearance(settings: AugmentationSettings) -> Any:
    """A transform of RGB pictures (3, H, W) uint8."""
    from torchvision.transforms import v2

    return v2.Compose(
        [
            v2.RandomApply([Colour()], settings.colour),
            v2.RandomApply([Night()], settings.night),
            v2.RandomApply([Rain()], settings.rain),
            v2.RandomGrayscale(settings.grey),
            v2.RandomApply([Defocus()], settings.blur),
            v2.RandomApply([Compression()], settings.compression),
        ]
    )


class Colour(nn.Module):
    """Other brightness, contrast, saturation and white balance.

    Together they are one affine map of the colours, which OpenCV applies in a tenth of the time
    that torchvision's ColorJitter takes on a CPU.
    """

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        pixels = _pixels(image)
        tint = torch.empty(3).uniform_(0.92, 1.08).numpy() * _uniform(0.6, 1.4)
        contrast, saturation = _uniform(0.7, 1.3), _uniform(0.4, 1.5)
        grey = np.outer(np.ones(3), _LUMA)
        mixed = contrast * (saturation * np.eye(3) + (1 - saturation) * grey)
        # Contrast turns around the picture's mean grey.
        rest = (1 - contrast) * float(_LUMA @ cv2.mean(pixels)[:3])
        changed = cv2.transform(pixels, tint[:, None] * np.column_stack([mixed, np.full(3, rest)]))
        return _image(changed)


class Defocus(nn.Module):
    """A Gaussian blur; by OpenCV, which takes a tenth of torchvision's time on a CPU."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        return _image(cv2.GaussianBlur(_pixels(image), (5, 5), _uniform(0.4, 1.6)))


class Compression(nn.Module):
    """JPEG's artefacts; by OpenCV, as torchvision is giving up its own encoder."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        quality = int(torch.randint(35, 86, ()))
        _, data = cv2.imencode(".jpg", _pixels(image), [cv2.IMWRITE_JPEG_QUALITY, quality])
        return _image(cv2.imdecode(data, cv2.IMREAD_COLOR))


class Night(nn.Module):
    """A camera at night: dark with deep shadows, lamps with halos, a tint, noise."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        height, width = image.shape[1:]
        gain, gamma = _uniform(0.35, 0.8), _uniform(1.1, 1.8)
        tint = torch.empty(3).uniform_(0.8, 1.1).numpy()
        levels = (np.arange(256)[:, None] / 255) ** gamma * gain * tint * 255
        dark = cv2.LUT(_pixels(image), np.rint(levels).astype(np.uint8)[None])
        more = _grain((height, width, 3)) * np.float32(_uniform(0.005, 0.05) * 255)
        lamps = int(torch.randint(0, 7, ()))
        if lamps:
            light = np.minimum(sum(_halo(height, width) for _ in range(lamps)), 1.2) * 255
            cv2.add(more, cv2.merge([light * share for share in _warmth()]), dst=more)
        return _image(cv2.add(dark, more, dtype=cv2.CV_8U))


class Rain(nn.Module):
    """Rain on the way to the road: haze that lifts the dark, and slanting streaks."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        haze = _uniform(0.1, 0.4)
        lift = 255 * haze * _uniform(0.4, 0.7)
        veiled = cv2.convertScaleAbs(_pixels(image), alpha=1 - haze, beta=lift)
        streaks = _streaks(*image.shape[1:])
        return _image(cv2.add(veiled, cv2.merge([streaks, streaks, streaks])))


def _pixels(image: Tensor) -> Image:
    """(3, H, W) as OpenCV has it: (H, W, 3)."""
    return image.permute(1, 2, 0).contiguous().numpy()


def _image(pixels: Any) -> Tensor:
    """(H, W, 3) as torch has it: (3, H, W)."""
    return torch.from_numpy(pixels).permute(2, 0, 1)


def _grain(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Gaussian noise of variance 1: a piece from anywhere in a store, as drawing it is dear."""
    start = int(torch.randint(0, _GRAINS // 2, ()))
    piece = _noise()[start : start + math.prod(shape)]
    return piece.reshape(shape) if piece.size == math.prod(shape) else np.resize(piece, shape)


@lru_cache(maxsize=1)
def _noise() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(_GRAINS, np.float32)


def _halo(height: int, width: int) -> NDArray[np.float32]:
    """(H, W) the light of one lamp."""
    x, y = _uniform(0, width), _uniform(0, height)
    spread = 2 * (_uniform(0.004, 0.03) * width) ** 2
    across, down = (
        np.exp(-np.minimum((np.arange(length, dtype=np.float32) - middle) ** 2 / spread, _FAR))
        for length, middle in ((width, x), (height, y))
    )
    return np.outer(down * np.float32(_uniform(0.5, 1.5)), across)


def _warmth() -> tuple[float, float, float]:
    """The lamps' colour, from sodium to white, as RGB."""
    white = _uniform(0, 1)
    return 1.0, 0.75 + 0.25 * white, 0.4 + 0.6 * white


def _streaks(height: int, width: int) -> NDArray[np.uint8]:
    """(H, W) the light of drops that fall slanting while the shutter is open."""
    import cv2

    slant, length = math.radians(_uniform(-25, 25)), _uniform(6, 14)
    drops = int(height * width * _uniform(0.002, 0.008))
    fall = np.array([math.sin(slant), math.cos(slant)]) * length
    middles = torch.rand(drops, 2).numpy() * (width, height)
    lines = np.rint(np.stack([middles - fall / 2, middles + fall / 2], axis=1)).astype(np.int32)
    light = round(255 * 4 / length * _uniform(0.15, 0.4))  # the longer, the fainter
    drawn = np.zeros((height, width), np.uint8)
    return np.asarray(cv2.polylines(drawn, list(lines), False, light), np.uint8)


def _uniform(low: float, high: float) -> float:
    return float(torch.empty(()).uniform_(low, high))
