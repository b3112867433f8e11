"""Where boxes go: constant-velocity Kalman filters for many boxes at once.

One filter a row, over the box's centre and the logarithms of its width and height, each with its
rate of change. The four are independent, so a row needs no matrices: three (N, 4) arrays hold every
covariance. All are parts of one array: rows are taken out and put back in one call each. Time is in
seconds; noise is in shares of the box's size, so that near and far objects behave alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acme_tracker import boxes
from acme_tracker.datatypes import Boxes
from acme_tracker.tables import Index

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp] | Sequence[int]

# Shares of the box's size. The acceleration is ByteTrack's (1/160 of the box a frame) in seconds.
# All four: best of 2-6 values each for predicting human boxes (jittered by 3 %) 0.2, 1 and 2 s
# ahead on three toll-road clips of 5-10 frames/s; none is critical within a factor of two.
MEASUREMENT_NOISE = 0.05
ACCELERATION = np.array([1.0, 1.0, 0.2, 0.2])  # velocity gained at random, per square root second
START_RATE = np.array([3.0, 3.0, 0.3, 0.3])  # spread of velocities of new boxes, per second
# Objects drive on, but none grows exponentially: the sizes' rates fade, the centre's do not.
SIZE_RATE_LASTS_S = 1.0

SIDE_PX = (1.0, 1e5)  # a side outside is a wild guess from a jump, and would overflow in the end
LOG_SIDE = (0.0, float(np.log(SIDE_PX[1])))


class BoxMotion:
    """N moving boxes; rows are in the order of `add`, and `remove` closes the gaps.

    `noise` is one standard deviation of a measured edge as a share of the box's size: a number, or
    one a box.
    """

    def __init__(self) -> None:
        # (5, N, 4): the mean (centre x, y in pixels; log width, log height), its rate per second,
        # the mean's variance, the covariance of both, the rate's variance.
        self._state = np.empty((5, 0, 4))

    def __len__(self) -> int:
        return self._state.shape[1]

    @property
    def xyxy(self) -> Boxes:
        """(N, 4) float32."""
        mean = self._state[0].astype(np.float32)
        return boxes.from_centres(mean[:, :2], np.exp(mean[:, 2:]))

    @property
    def velocity(self) -> NDArray[np.float32]:
        """(N, 2) of the centres, pixels a second."""
        return self._state[1, :, :2].astype(np.float32)

    @property
    def variance(self) -> NDArray[np.float32]:
        """(N, 4) of centre x, y, width and height, square pixels."""
        mean, _, var, *_ = self._state
        scale = np.ones_like(mean)
        scale[:, 2:] = np.exp(mean[:, 2:])
        return np.asarray(var * scale**2, np.float32)

    def add(self, xyxy: Boxes, noise: ArrayLike = MEASUREMENT_NOISE) -> None:
        """Append boxes (M, 4), at rest as far as is known."""
        self._state = np.concatenate([self._state, _at_rest(xyxy, noise)], axis=1)

    def restart(self, rows: Index, xyxy: Boxes, noise: ArrayLike = MEASUREMENT_NOISE) -> None:
        """Put some boxes (M, 4) elsewhere, at rest as far as is known."""
        self._state[:, rows] = _at_rest(xyxy, noise)

    def predict(self, dt_s: float) -> None:
        """Move every box on by `dt_s` seconds."""
        if dt_s < 0:
            raise ValueError(f"dt_s must not be negative, got {dt_s}")
        mean, rate, var, cov, rate_var = self._state  # views: what follows changes them in place
        fade = np.exp(-dt_s / SIZE_RATE_LASTS_S)
        keep = np.array([1.0, 1.0, fade, fade])
        step = np.array([dt_s, dt_s, *2 * [SIZE_RATE_LASTS_S * (1 - fade)]])
        push = (_unit(mean) * ACCELERATION) ** 2  # white noise on the acceleration
        mean += step * rate
        mean[:, 2:] = _between(mean[:, 2:], *LOG_SIDE)
        rate *= keep
        var += step * (2 * cov + step * rate_var)
        var += push * dt_s**3 / 3
        cov += step * rate_var
        cov *= keep
        cov += push * dt_s**2 / 2
        rate_var *= keep**2
        rate_var += push * dt_s

    def update(self, rows: Rows, xyxy: Boxes, noise: ArrayLike = MEASUREMENT_NOISE) -> None:
        """Correct some boxes by what was measured (M, 4). Each row at most once a call."""
        state = self._state.take(rows, axis=1)
        mean, rate, var, cov, rate_var = state
        innovation = var + (_unit(mean) * _column(noise)) ** 2
        gain, rate_gain = var / innovation, cov / innovation
        surprise = _measured(xyxy) - mean
        mean += gain * surprise
        rate += rate_gain * surprise
        rate_var -= rate_gain * cov
        var *= 1 - gain
        cov *= 1 - gain
        self._state[:, rows] = state

    def remove(self, rows: Index) -> None:
        """Forget some boxes; later rows move up."""
        keep = np.ones(len(self), bool)
        keep[rows] = False
        self._state = self._state[:, keep]


def _at_rest(xyxy: Boxes, noise: ArrayLike) -> Doubles:
    """(5, N, 4) the state of boxes of which only the place is known."""
    mean = _measured(xyxy)
    unit, state = _unit(mean), np.zeros((5, *mean.shape))
    state[0] = mean
    state[2] = (unit * _column(noise)) ** 2
    state[4] = (unit * START_RATE) ** 2
    return state


def _measured(xyxy: Boxes) -> Doubles:
    """(N, 4) xyxy -> centre and log size; a size below a pixel, or inverted, counts as a pixel."""
    box = np.asarray(xyxy, np.float64).reshape(-1, 4)
    size = _between(box[:, 2:] - box[:, :2], *SIDE_PX)
    return np.concatenate([(box[:, :2] + box[:, 2:]) / 2, np.log(size)], axis=1)


def _unit(mean: Doubles) -> Doubles:
    """(N, 4) what noise is a share of: the mean side in pixels for the centre, 1 for log sizes."""
    unit = np.ones_like(mean)
    unit[:, :2] = np.exp((mean[:, 2] + mean[:, 3]) / 2)[:, None]
    return unit


def _between(values: Doubles, least: float, most: float) -> Doubles:
    """What np.clip does, which takes five times as long for a few values."""
    return np.minimum(np.maximum(values, least), most)


def _column(noise: ArrayLike) -> Doubles:
    return np.asarray(noise, np.float64).reshape(-1, 1)
