"""Correlation filters for many targets at once: rows of spectra, learnt and applied together."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Complex = NDArray[np.complex64]
Rows = NDArray[np.intp] | slice

DAMPING = np.float32(1e-2)  # of the mean power: weak frequencies shall not rule
TINY = np.float32(1e-6)  # power of a plain patch, which has none


class Filters:
    """N filters over periodic signals (C, *shape), in one or two dimensions.

    Multi-channel MOSSE (Bolme et al. 2010, Danelljan et al. 2014): the mean spectrum of a target
    over its mean power answers a narrow bump wherever it sees the target again, nothing elsewhere.

    `sigma` is the bump's width in samples, `rate` the share of each new sight in the means.
    """

    def __init__(self, channels: int, shape: tuple[int, ...], sigma: float, rate: float) -> None:
        self._shape = shape
        self._axes = tuple(range(-len(shape), 0))
        self._rate = np.float32(rate)
        self._frequencies = [np.fft.fftfreq(side) for side in shape]
        around = np.meshgrid(*(f * len(f) for f in self._frequencies), indexing="ij")
        bump = np.exp(-sum(at**2 for at in around) / (2 * sigma**2)).astype(np.float32)
        self._bump = scipy.fft.rfftn(bump)
        self._frequencies[-1] = np.fft.rfftfreq(shape[-1])
        self._mean = np.empty((0, channels, *self._bump.shape), np.complex64)
        self._power = np.empty((0, *self._bump.shape), np.float32)

    def extend(self, count: int) -> None:
        """Append rows that know nothing."""
        self._mean = _extended(self._mean, count)
        self._power = _extended(self._power, count)

    def remove(self, rows: Rows) -> None:
        self._mean = np.delete(self._mean, rows, axis=0)
        self._power = np.delete(self._power, rows, axis=0)

    def spectrum(self, signal: Floats) -> Complex:
        """(N, C, *shape) -> (N, C, ...), what the other methods take."""
        found = scipy.fft.rfftn(signal, axes=self._axes)
        return np.asarray(found, np.complex64)

    def restart(self, rows: Rows, spectrum: Complex) -> None:
        """Know these sights (N, C, ...) and nothing else."""
        self._mean[rows] = spectrum
        self._power[rows] = _power(spectrum)

    def answer(self, rows: Rows, spectrum: Complex) -> Floats:
        """(N, *shape) about 1 at the shift that shows the target again, 0 elsewhere."""
        power = self._power[rows]
        floor = DAMPING * power.mean(axis=self._axes, keepdims=True) + TINY
        alike = (np.conj(self._mean[rows]) * spectrum).sum(axis=1)
        alike *= self._bump / (power + floor)
        return np.asarray(scipy.fft.irfftn(alike, s=self._shape, axes=self._axes), np.float32)

    def learn(self, rows: Rows, spectrum: Complex, shift: Floats) -> None:
        """Take in sights (N, C, ...), moved back by where the target was found (N, D)."""
        self._power[rows] *= 1 - self._rate
        self._power[rows] += self._rate * _power(spectrum)
        self._mean[rows] *= 1 - self._rate
        self._mean[rows] += spectrum * (self._rate * self._turn(-shift))[:, None]

    def _turn(self, shift: Floats) -> Complex:
        """(N, ...) what moves signals by shifts (N, D) when their spectra are multiplied by it."""
        turn = np.ones(1, np.complex64)
        for axis, frequency in enumerate(self._frequencies):
            phase = np.exp(-2j * np.pi * shift[:, axis, None] * frequency).astype(np.complex64)
            turn = turn[..., None] * phase.reshape(-1, *[1] * axis, len(frequency))
        return turn


def peak(answer: Floats) -> tuple[Floats, Floats]:
    """(N, *shape) -> (N, D) the shift of the highest point, between samples; (N,) its height."""
    count, shape = len(answer), answer.shape[1:]
    row, flat = np.arange(count), answer.reshape(count, -1)
    best = flat.argmax(axis=1)
    top = flat[row, best]
    at = np.stack(np.unravel_index(best, shape), axis=1)
    shift = np.empty(at.shape, np.float32)
    for axis, side in enumerate(shape):
        step = np.zeros(len(shape), np.intp)
        step[axis] = 1
        before, after = (answer[(row, *((at + d) % shape).T)] for d in (-step, step))
        bend = np.minimum(before - 2 * top + after, -TINY)
        between = (before - after) / (2 * bend)  # the top of the parabola through the three
        shift[:, axis] = (at[:, axis] + side // 2) % side - side // 2 + between
    return shift, top


def _power(spectrum: Complex) -> Floats:
    return np.asarray((spectrum.real**2 + spectrum.imag**2).sum(axis=1), np.float32)


def _extended(rows: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([rows, np.zeros((count, *rows.shape[1:]), rows.dtype)])
