"""Which images an epoch shows, in which order and size: a pure function of the seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acme_tracker.errors import ConfigError
from acme_tracker.training.processes import ALONE, Processes
from acme_tracker.training.settings import SourceOfImages, TrainSettings


class Draw(NamedTuple):
    """One sample to make; everything random about it follows from `seed`.

    Attributes:
        seed: numbers for a generator: the run's, the epoch, the sample's place in it.
        image: index of the picture, the first one of a mosaic.
        size: (width, height) of the sample.
        mosaic: whether it may be put together from several pictures.
    """

    seed: tuple[int, int, int]
    image: int
    size: tuple[int, int]
    mosaic: bool


def source_of(name: str, settings: TrainSettings) -> SourceOfImages:
    """How an image is treated, by the longest beginning of its name that the settings know."""
    known = [start for start in settings.data.sources if begins(name, start)]
    return settings.data.sources[max(known, key=len)] if known else SourceOfImages()


def begins(name: str, start: str) -> bool:
    """Whether an image's name, or that of a folder around it (a sequence, say), begins so."""
    return any(part.startswith(start) for part in name.split("/"))


def marked_names(
    names: Sequence[str], splits: Sequence[str], settings: TrainSettings
) -> NDArray[np.bool_]:
    """(I,) which images a split `val` or the settings hold out for validation.

    Raises:
        ConfigError: the settings speak of names that no image has.
    """
    data = settings.data
    for key, starts in (("validation_names", data.validation_names), ("sources", data.sources)):
        for start in starts:
            if not any(begins(name, start) for name in names):
                raise ConfigError(
                    f"data.{key}: no image, nor a folder of images, begins with {start!r}; the "
                    f"first image is {names[0]!r}"
                )
    return np.array(
        [
            split.startswith("val") or any(begins(name, start) for start in data.validation_names)
            for split, name in zip(splits, names, strict=True)
        ],
        bool,
    )


class EpochBatches:
    """The draws of an epoch, batch by batch; set `epoch` before each.

    Every image is drawn as often as its weight says, up to one more or less. All batches are whole.
    Of several processes each gets its share of every batch: together they draw what one would.
    """

    def __init__(
        self, names: Sequence[str], settings: TrainSettings, processes: Processes = ALONE
    ) -> None:
        if settings.optimisation.batch % processes.count:
            raise ConfigError(
                f"optimisation.batch is {settings.optimisation.batch}, which {processes.count} "
                "processes cannot share evenly; take a multiple"
            )
        weights = np.array([source_of(name, settings).weight for name in names])
        self.epoch = 0
        self.shares: NDArray[np.float64] = np.cumsum(weights) / weights.sum()
        self._settings, self._processes = settings, processes

    def __len__(self) -> int:
        return math.ceil(len(self.shares) / self._settings.optimisation.batch)

    def __iter__(self) -> Iterator[list[Draw]]:
        settings, epoch = self._settings, self.epoch
        seed, batch = settings.optimisation.seed, settings.optimisation.batch
        number, apart = self._processes.number, self._processes.count
        rng = np.random.default_rng((seed, epoch))
        count = len(self) * batch
        places = (np.arange(count) + rng.random()) / count
        images = rng.permutation(np.searchsorted(self.shares, places, side="right"))
        left = 1 - epoch / settings.optimisation.epochs
        sizes = settings.input.training_sizes
        if left <= settings.input.full_size_share:
            sizes = (settings.input.size,)
        mosaic = left > settings.augmentation.plain_share
        for first in range(0, count, batch):
            size = sizes[rng.integers(len(sizes))]
            yield [
                Draw((seed, epoch, place), int(images[place]), size, mosaic)
                for place in range(first + number, first + batch, apart)
            ]
