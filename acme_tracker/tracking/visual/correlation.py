"""Correlation filters for many targets at once: rows of spectra, learnt and applied together."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft

from acme_tracker.tracking.visual.arrays import NUMPY, Array, Arrays, extended

DAMPING = 1e-2  # of the mean power: weak frequencies shall not rule
TINY = 1e-6  # power of a plain patch, which has none


class Filters:
    """N filters over periodic signals (C, *shape), in one or two dimensions.

    Multi-channel MOSSE (Bolme et al. 2010, Danelljan et al. 2014): the mean spectrum of a target
    over its mean power answers a narrow bump wherever it sees the target again, nothing elsewhere.

    `sigma` is the bump's width in samples, `rate` the share of each new sight in the means. Rows
    are given as `arrays` has them, or as a slice.
    """

    def __init__(
        self,
        channels: int,
        shape: tuple[int, ...],
        sigma: float,
        rate: float,
        arrays: Arrays = NUMPY,
    ) -> None:
        self._arrays, self._shape, self._rate = arrays, shape, rate
        self._axes = tuple(range(-len(shape), 0))
        frequencies = [np.fft.fftfreq(side) for side in shape]
        around = np.meshgrid(*(f * len(f) for f in frequencies), indexing="ij")
        bump = np.exp(-sum(at**2 for at in around) / (2 * sigma**2)).astype(np.float32)
        self._bump = arrays.put(np.asarray(scipy.fft.rfftn(bump), np.complex64))
        frequencies[-1] = np.fft.rfftfreq(shape[-1])
        self._frequencies = [arrays.put(f.astype(np.float32)) for f in frequencies]
        self._mean = arrays.zeros((0, channels, *self._bump.shape), "complex64")
        self._power = arrays.zeros((0, *self._bump.shape))

    def extend(self, count: int) -> None:
        """Append rows that know nothing."""
        self._mean = extended(self._arrays, self._mean, count, "complex64")
        self._power = extended(self._arrays, self._power, count)

    def keep(self, rows: Array) -> None:
        """Forget all rows but these."""
        self._mean, self._power = self._mean[rows], self._power[rows]

    def spectrum(self, signal: Array) -> Array:
        """(N, C, *shape) -> (N, C, ...), what the other methods take."""
        return self._arrays.rfftn(signal, self._axes)

    def restart(self, rows: Array, spectrum: Array) -> None:
        """Know these sights (N, C, ...) and nothing else."""
        self._mean[rows] = spectrum
        self._power[rows] = _power(spectrum)

    def answer(self, rows: Array, spectrum: Array) -> Array:
        """(N, *shape) about 1 at the shift that shows the target again, 0 elsewhere."""
        power = self._power[rows]
        floor = DAMPING * power.mean(axis=self._axes, keepdims=True) + TINY
        alike = (self._arrays.xp.conj(self._mean[rows]) * spectrum).sum(axis=1)
        alike *= self._bump * (1 / (power + floor))  # complex numbers are slow to divide
        return self._arrays.irfftn(alike, self._shape, self._axes)

    def learn(self, rows: Array, spectrum: Array, shift: Array) -> None:
        """Take in sights (N, C, ...), moved back by where the target was found (N, D)."""
        self._power[rows] *= 1 - self._rate
        self._power[rows] += self._rate * _power(spectrum)
        self._mean[rows] *= 1 - self._rate
        self._mean[rows] += spectrum * (self._rate * self._turn(-shift))[:, None]

    def _turn(self, shift: Array) -> Array:
        """(N, ...) what moves signals by shifts (N, D) when their spectra are multiplied by it."""
        phases = [
            self._arrays.xp.exp(-2j * math.pi * shift[:, axis, None] * frequency)
            for axis, frequency in enumerate(self._frequencies)
        ]
        turn = phases[0]
        for phase in phases[1:]:
            turn = turn[..., None] * phase[:, None]
        return turn


def peak(answer: Array, arrays: Arrays = NUMPY) -> tuple[Array, Array]:
    """(N, *shape) -> (N, D) the shift of the highest point, between samples; (N,) its height."""
    flat = answer.reshape(len(answer), -1)
    row, best = arrays.put(np.arange(len(flat))), flat.argmax(axis=1)
    top = flat[row, best]
    shift: list[Array] = []
    step = 1  # from a sample to the next one along an axis
    for side in reversed(answer.shape[1:]):
        at = best // step % side
        before, after = (flat[row, best + ((at + d) % side - at) * step] for d in (-1, 1))
        bend = (before - 2 * top + after).clip(max=-TINY)
        between = (before - after) / (2 * bend)  # the top of the parabola through the three
        shift.insert(0, arrays.floats((at + side // 2) % side - side // 2) + between)
        step *= side
    return arrays.xp.stack(shift, 1), top


def _power(spectrum: Array) -> Array:
    return (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
