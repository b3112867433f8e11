"""Where boxes go: constant-velocity Kalman filters for many boxes at once.

One filter a row, over the box's centre and the logarithms of its width and height, each with its
rate of change. The four are independent, so a row needs no matrices: three (N, 4) arrays hold every
covariance. Time is in seconds; noise is in shares of the box's size, so that near and far objects
behave alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.tables import Index

Doubles = NDArray[np.float64]

# Shares of the box's size. The acceleration is ByteTrack's (1/160 of the box a frame) in seconds.
# All four: best of 2-6 values each for predicting human boxes (jittered by 3 %) 0.2, 1 and 2 s
# ahead on three toll-road clips of 5-10 frames/s; none is critical within a factor of two.
MEASUREMENT_NOISE = 0.05
ACCELERATION = np.array([1.0, 1.0, 0.2, 0.2])  # velocity gained at random, per square root second
START_RATE = np.array([3.0, 3.0, 0.3, 0.3])  # spread of velocities of new boxes, per second
# Objects drive on, but none grows exponentially: the sizes' rates fade, the centre's do not.
SIZE_RATE_LASTS_S = 1.0

SIDE_PX = (1.0, 1e5)  # a side outside is a wild guess from a jump, and would overflow in the end


class BoxMotion:
    """N moving boxes; rows are in the order of `add`, and `remove` closes the gaps.

    `noise` is one standard deviation of a measured edge as a share of the box's size: a number, or
    one a box.
    """

    def __init__(self) -> None:
        self._mean = np.empty((0, 4))  # centre x, y in pixels; log width, log height
        self._rate = np.empty((0, 4))  # the same, per second
        self._var = np.empty((0, 4))  # of the mean
        self._cov = np.empty((0, 4))  # of mean and rate
        self._rate_var = np.empty((0, 4))

    def __len__(self) -> int:
        return len(self._mean)

    @property
    def xyxy(self) -> Boxes:
        """(N, 4) float32."""
        mean = self._mean.astype(np.float32)
        return boxes.from_centres(mean[:, :2], np.exp(mean[:, 2:]))

    @property
    def velocity(self) -> NDArray[np.float32]:
        """(N, 2) of the centres, pixels a second."""
        return self._rate[:, :2].astype(np.float32)

    @property
    def variance(self) -> NDArray[np.float32]:
        """(N, 4) of centre x, y, width and height, square pixels."""
        scale = np.concatenate([np.ones((len(self), 2)), np.exp(self._mean[:, 2:])], axis=1)
        return np.asarray(self._var * scale**2, np.float32)

    def add(self, xyxy: Boxes, noise: ArrayLike = MEASUREMENT_NOISE) -> None:
        """Append boxes (M, 4), at rest as far as is known."""
        for name, fresh in _at_rest(xyxy, noise).items():
            setattr(self, name, np.concatenate([getattr(self, name), fresh]))

    def restart(self, rows: Index, xyxy: Boxes, noise: ArrayLike = MEASUREMENT_NOISE) -> None:
        """Put some boxes (M, 4) elsewhere, at rest as far as is known."""
        for name, fresh in _at_rest(xyxy, noise).items():
            getattr(self, name)[rows] = fresh

    def predict(self, dt_s: float) -> None:
        """Move every box on by `dt_s` seconds."""
        if dt_s < 0:
            raise ValueError(f"dt_s must not be negative, got {dt_s}")
        fade = np.exp(-dt_s / SIZE_RATE_LASTS_S)
        keep = np.array([1.0, 1.0, fade, fade])
        step = np.array([dt_s, dt_s, *2 * [SIZE_RATE_LASTS_S * (1 - fade)]])
        push = (_unit(self._mean) * ACCELERATION) ** 2  # white noise on the acceleration
        self._mean = self._mean + step * self._rate
        np.clip(self._mean[:, 2:], *np.log(SIDE_PX), out=self._mean[:, 2:])
        self._rate = keep * self._rate
        self._var = self._var + step * (2 * self._cov + step * self._rate_var) + push * dt_s**3 / 3
        self._cov = keep * (self._cov + step * self._rate_var) + push * dt_s**2 / 2
        self._rate_var = keep**2 * self._rate_var + push * dt_s

    def update(self, rows: Index, xyxy: Boxes, noise: ArrayLike = MEASUREMENT_NOISE) -> None:
        """Correct some boxes by what was measured (M, 4). Each row at most once a call."""
        mean, var, cov = self._mean[rows], self._var[rows], self._cov[rows]
        innovation = var + (_unit(mean) * _column(noise)) ** 2
        gain, rate_gain = var / innovation, cov / innovation
        surprise = _measured(xyxy) - mean
        self._mean[rows] = mean + gain * surprise
        self._rate[rows] += rate_gain * surprise
        self._var[rows] = (1 - gain) * var
        self._cov[rows] = (1 - gain) * cov
        self._rate_var[rows] -= rate_gain * cov

    def remove(self, rows: Index) -> None:
        """Forget some boxes; later rows move up."""
        keep = np.ones(len(self), bool)
        keep[rows] = False
        for name, column in vars(self).items():
            setattr(self, name, column[keep])


def _at_rest(xyxy: Boxes, noise: ArrayLike) -> dict[str, Doubles]:
    """The arrays of BoxMotion for boxes of which only the place is known."""
    mean = _measured(xyxy)
    unit = _unit(mean)
    return {
        "_mean": mean,
        "_rate": np.zeros_like(mean),
        "_var": (unit * _column(noise)) ** 2,
        "_cov": np.zeros_like(mean),
        "_rate_var": (unit * START_RATE) ** 2,
    }


def _measured(xyxy: Boxes) -> Doubles:
    """(N, 4) xyxy -> centre and log size; a size below a pixel, or inverted, counts as a pixel."""
    box = np.asarray(xyxy, np.float64).reshape(-1, 4)
    size = np.clip(box[:, 2:] - box[:, :2], *SIDE_PX)
    return np.concatenate([(box[:, :2] + box[:, 2:]) / 2, np.log(size)], axis=1)


def _unit(mean: Doubles) -> Doubles:
    """(N, 4) what noise is a share of: the mean side in pixels for the centre, 1 for log sizes."""
    side = np.exp(mean[:, 2:].mean(axis=1))
    return np.stack([side, side, np.ones_like(side), np.ones_like(side)], axis=1)


def _column(noise: ArrayLike) -> Doubles:
    return np.asarray(noise, np.float64).reshape(-1, 1)
