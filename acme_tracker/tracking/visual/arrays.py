"""Where the correlation filters compute: with NumPy on a CPU, with torch on a GPU.

Most functions have the same names in both, and are called by them; Arrays has the others. What is
small (boxes, rows) stays in NumPy; what is large (patches, spectra) stays where it was made.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from acme_tracker.errors import ConfigError

Array = Any  # NumPy's, or torch's on its device
Device = Literal["cpu", "cuda"]


class Arrays(Protocol):
    """What NumPy and torch call by other names, or with other words.

    Attributes:
        xp: the module: NumPy, or torch.
    """

    @property
    def xp(self) -> Any: ...

    def put(self, values: NDArray[Any]) -> Array:
        """Bring an array to where the work is done."""
        ...

    def get(self, array: Array) -> NDArray[Any]:
        """Bring an array back."""
        ...

    def zeros(self, shape: tuple[int, ...], kind: str = "float32") -> Array: ...

    def floats(self, array: Array) -> Array:
        """The same values as float32."""
        ...

    def rfftn(self, array: Array, axes: tuple[int, ...]) -> Array: ...

    def irfftn(self, array: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array: ...

    def read(self, picture: Array, x: Array, y: Array) -> Array:
        """(H, W) grey levels, places in it -> float32 (N, R, C) between its pixels.

        Of the places, x is (N, 1 or R, C) and y (N, R, 1 or C).
        """
        ...


class NumpyArrays:
    """See Arrays."""

    xp = np

    def put(self, values: NDArray[Any]) -> NDArray[Any]:
        return values

    def get(self, array: NDArray[Any]) -> NDArray[Any]:
        return array

    def zeros(self, shape: tuple[int, ...], kind: str = "float32") -> NDArray[Any]:
        return np.zeros(shape, kind)

    def floats(self, array: NDArray[Any]) -> NDArray[np.float32]:
        return array.astype(np.float32)

    def rfftn(self, array: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
        return np.asarray(scipy.fft.rfftn(array, axes=axes))

    def irfftn(
        self, array: NDArray[Any], shape: tuple[int, ...], axes: tuple[int, ...]
    ) -> NDArray[Any]:
        return np.asarray(scipy.fft.irfftn(array, s=shape, axes=axes))

    def read(self, picture: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """In steps of a 32nd of a pixel, and rounded to whole levels: as OpenCV does it."""
        shape = (len(x), y.shape[1], x.shape[2])
        maps = np.empty((2, *shape), np.float32)
        maps[0], maps[1] = x, y
        flat = maps.reshape(2, len(x), shape[1] * shape[2])  # OpenCV wants a picture of places
        found = cv2.remap(picture, flat[0], flat[1], cv2.INTER_LINEAR)
        return found.astype(np.float32).reshape(shape)


class TorchArrays:
    """See Arrays."""

    def __init__(self, device: Device) -> None:
        import torch  # takes seconds: only for those who want it

        self.xp: Any = torch
        self._device = torch.device(device)

    def put(self, values: NDArray[Any]) -> Array:
        return self.xp.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def get(self, array: Array) -> NDArray[Any]:
        return np.asarray(array.cpu().numpy())

    def zeros(self, shape: tuple[int, ...], kind: str = "float32") -> Array:
        return self.xp.zeros(shape, dtype=getattr(self.xp, kind), device=self._device)

    def floats(self, array: Array) -> Array:
        return array.float()

    def rfftn(self, array: Array, axes: tuple[int, ...]) -> Array:
        return self.xp.fft.rfftn(array, dim=axes)

    def irfftn(self, array: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
        return self.xp.fft.irfftn(array, s=shape, dim=axes)

    def read(self, picture: Array, x: Array, y: Array) -> Array:
        height, width = picture.shape
        levels = picture.reshape(-1).float()
        left, top = x.floor(), y.floor()
        column, row = left.long(), top.long()
        here = row * width + column
        right = (column < width - 1).long()  # of the last pixel there is nothing beyond
        below = (row < height - 1).long() * width
        upper = self.xp.lerp(levels[here], levels[here + right], x - left)
        lower = self.xp.lerp(levels[here + below], levels[here + below + right], x - left)
        return self.xp.lerp(upper, lower, y - top)


NUMPY = NumpyArrays()


def extended(arrays: Arrays, rows: Array, count: int, kind: str = "float32") -> Array:
    """The rows (N, ...) and `count` more, of zeros."""
    return arrays.xp.concatenate([rows, arrays.zeros((count, *rows.shape[1:]), kind)])


def arrays_on(device: Device) -> Arrays:
    """NumPy for the CPU, torch for CUDA; ConfigError where there is no GPU that torch can use."""
    if device == "cpu":
        return NUMPY
    arrays = TorchArrays(device)
    if not arrays.xp.cuda.is_available():
        raise ConfigError(
            "visual_tracker.device is cuda, and torch finds no CUDA GPU here; take cpu"
        )
    return arrays
