"""Changes how training samples look: torchvision's transforms, and some of our own for the road.

Everything random comes from torch's global generator, as in torchvision.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from acme_tracker.training.settings import AugmentationSettings

_LUMA = np.array([0.299, 0.587, 0.114])  # of R, G, B, as in BT.601


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

        pixels = image.permute(1, 2, 0).contiguous().numpy()
        tint = torch.empty(3).uniform_(0.92, 1.08).numpy() * _uniform(0.6, 1.4)
        contrast, saturation = _uniform(0.7, 1.3), _uniform(0.4, 1.5)
        grey = np.outer(np.ones(3), _LUMA)
        mixed = contrast * (saturation * np.eye(3) + (1 - saturation) * grey)
        # Contrast turns around the picture's mean grey.
        rest = (1 - contrast) * float(_LUMA @ cv2.mean(pixels)[:3])
        changed = cv2.transform(pixels, tint[:, None] * np.column_stack([mixed, np.full(3, rest)]))
        return torch.from_numpy(changed).permute(2, 0, 1)


class Defocus(nn.Module):
    """A Gaussian blur; by OpenCV, which takes a tenth of torchvision's time on a CPU."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        pixels = image.permute(1, 2, 0).contiguous().numpy()
        blurred = cv2.GaussianBlur(pixels, (5, 5), _uniform(0.4, 1.6))
        return torch.from_numpy(blurred).permute(2, 0, 1)


class Compression(nn.Module):
    """JPEG's artefacts; by OpenCV, as torchvision is giving up its own encoder."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        quality = int(torch.randint(35, 86, ()))
        pixels = image.permute(1, 2, 0).contiguous().numpy()
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return torch.from_numpy(cv2.imdecode(data, cv2.IMREAD_COLOR)).permute(2, 0, 1)


class Night(nn.Module):
    """A camera at night: dark with deep shadows, lamps with halos, a tint, noise."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        height, width = image.shape[1:]
        gain, gamma = _uniform(0.35, 0.8), _uniform(1.1, 1.8)
        dark = (image.float() / 255) ** gamma * gain
        tint = torch.empty(3, 1, 1).uniform_(0.8, 1.1)
        lamps = torch.zeros(height, width)
        for _ in range(int(torch.randint(0, 7, ()))):
            lamps += _halo(height, width)
        noisy = dark * tint + lamps.clamp(max=1.2) * _warmth()
        noisy += torch.randn(image.shape) * _uniform(0.005, 0.05)
        return (noisy.clamp(0, 1) * 255).to(torch.uint8)


class Rain(nn.Module):
    """Rain on the way to the road: haze that lifts the dark, and slanting streaks."""

    def forward(self, image: Tensor) -> Tensor:
        """(3, H, W) uint8 -> the same."""
        import cv2

        height, width = image.shape[1:]
        haze = _uniform(0.1, 0.4)
        veiled = image.float() / 255 * (1 - haze) + haze * _uniform(0.4, 0.7)
        drops = (torch.rand(height, width) < _uniform(0.002, 0.008)).float()
        streaks = torch.from_numpy(cv2.filter2D(drops.numpy(), -1, _streak().numpy()))
        wet = veiled + streaks.clamp(max=1) * _uniform(0.15, 0.4)
        return (wet.clamp(0, 1) * 255).to(torch.uint8)


def _halo(height: int, width: int) -> Tensor:
    """(H, W) the light of one lamp."""
    x, y = _uniform(0, width), _uniform(0, height)
    radius = _uniform(0.004, 0.03) * width
    across = torch.exp(-((torch.arange(width) - x) ** 2) / (2 * radius**2))
    down = torch.exp(-((torch.arange(height) - y) ** 2) / (2 * radius**2))
    return down[:, None] * across[None] * _uniform(0.5, 1.5)


def _warmth() -> Tensor:
    """(3, 1, 1) the lamps' colour, from sodium to white."""
    white = _uniform(0, 1)
    return torch.tensor([1.0, 0.75 + 0.25 * white, 0.4 + 0.6 * white])[:, None, None]


def _streak() -> Tensor:
    """(15, 15) a kernel that draws a point out to a slanting line."""
    slant = math.radians(_uniform(-25, 25))
    half = _uniform(3, 7)
    kernel = torch.zeros(15, 15)
    along = torch.linspace(-half, half, 29)
    rows = (7 + along * math.cos(slant)).round().long()
    columns = (7 + along * math.sin(slant)).round().long()
    kernel[rows, columns] = 1
    return kernel / kernel.sum() * 4


def _uniform(low: float, high: float) -> float:
    return float(torch.empty(()).uniform_(low, high))
