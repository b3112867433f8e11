"""From linear light to what a cheap road camera delivers: glare, tone curve, lens, sensor."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]  # (H, W, 3) linear BGR
Picture = NDArray[np.uint8]  # (H, W, 3) BGR


@dataclass(frozen=True)
class Look:
    """A camera's manner.

    Attributes:
        exposure: factor on the light.
        glare: share of the light that the lens scatters around bright spots.
        noise: deviation of the sensor's noise in mid grey, of 255.
        saturation: of colours; 1 leaves them.
        warmth: gains of (blue, green, red).
        softness_px: deviation of the lens's blur.
    """

    exposure: float = 1.0
    glare: float = 0.02
    noise: float = 1.6
    saturation: float = 0.88
    warmth: tuple[float, float, float] = (1.0, 1.0, 1.0)
    softness_px: float = 0.45


LOOKS = {
    "day": Look(),
    "wet": Look(exposure=1.4, saturation=0.75, warmth=(1.03, 1.0, 0.97), noise=2.2),
    "night": Look(exposure=1.5, glare=0.12, noise=3.6, saturation=0.85, warmth=(0.92, 1.0, 1.05)),
}


def develop(light: Light, look: Look, rng: np.random.Generator) -> Picture:
    """One frame; `rng` makes its noise."""
    scene = np.minimum(np.nan_to_num(light), 200.0) * look.exposure * np.array(look.warmth)
    scene = scene.astype(np.float32)
    if look.glare:
        scene = _glare(scene, look.glare)
    scene *= _vignette(scene.shape[1], scene.shape[0])
    shown = _tone(scene)
    grey = shown @ np.array((0.114, 0.587, 0.299), np.float32)
    shown = np.asarray(grey[..., None] + look.saturation * (shown - grey[..., None]), np.float32)
    shown = np.asarray(cv2.GaussianBlur(shown, (0, 0), look.softness_px), np.float32)
    # Shot noise grows with the root of the light; neighbours share some of it after demosaicking.
    noise = rng.standard_normal(shown.shape, np.float32)
    noise = 0.8 * cv2.GaussianBlur(noise, (0, 0), 0.6) * 1.6 + 0.2 * noise
    amount = look.noise * np.sqrt(np.clip(shown, 0.02, 1) + 0.15)
    return np.asarray(np.clip(255 * shown + amount * noise + 0.5, 0, 255).astype(np.uint8))


def _tone(scene: Light) -> Light:
    """The filmic curve of Hable (2010), which keeps bright skies and lamps from clipping flat."""

    def curve(x: Light) -> Light:
        a, b, c, d, e, f = 0.22, 0.30, 0.10, 0.20, 0.01, 0.30
        return np.asarray((x * (a * x + c * b) + d * e) / (x * (a * x + b) + d * f) - e / f)

    shown = curve(2.2 * scene) / float(curve(np.array(9.0, np.float32)))
    return np.asarray(np.power(np.clip(shown, 0, 1), 1 / 2.2), np.float32)


def _glare(scene: Light, share: float) -> Light:
    bright = np.maximum(scene - 1.0, 0)
    height = scene.shape[0]
    halo = sum(
        weight * cv2.GaussianBlur(bright, (0, 0), height * width)
        for width, weight in ((0.006, 0.5), (0.02, 0.3), (0.07, 0.2))
    )
    return np.asarray(scene + share * 4 * halo, np.float32)


def _vignette(width: int, height: int) -> Light:
    x = (np.arange(width, dtype=np.float32) - width / 2) / (width / 2)
    y = (np.arange(height, dtype=np.float32) - height / 2) / (width / 2)
    away = x[None] ** 2 + y[:, None] ** 2
    return np.asarray(1 - 0.14 * away[..., None], np.float32)
