"""Makes training samples of images, and batches of samples."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from acme_tracker.datasets import REGION
from acme_tracker.datatypes import Boxes
from acme_tracker.errors import DatasetError
from acme_tracker.frames import Image
from acme_tracker.networks.losses import Targets
from acme_tracker.networks.outputs import Mask
from acme_tracker.resources import keep_freed_memory
from acme_tracker.training.appearance import appearance
from acme_tracker.training.data import TrainingData, load_picture
from acme_tracker.training.draws import Draw, EpochBatches, source_of
from acme_tracker.training.geometry import Size, draw_matrix, lay_boxes, lay_picture
from acme_tracker.training.labels import LabelRules
from acme_tracker.training.settings import AugmentationSettings, TrainSettings

_MOSAIC_ZOOM = 0.85  # of each of the four pictures: there is less room


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture to learn from.

    Attributes:
        image: (3, H, W) uint8 RGB.
        xyxy: (N, 4); class_id: (N,), -1 for regions; ignore: (N,) bool.
        tile_xyxy: (T, 4) its parts; labelled: (T, K + L) what each part's source labels.
        names: the images that it is made of.
    """

    image: Tensor
    xyxy: Boxes
    class_id: NDArray[np.int64]
    ignore: Mask
    tile_xyxy: Boxes
    labelled: Mask
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Batch:
    """Samples of one size.

    Attributes:
        images: (B, 3, H, W) uint8 RGB.
        names: of the images that each sample is made of.
    """

    images: Tensor
    targets: Targets
    names: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> Size:
        """(width, height)"""
        return self.images.shape[3], self.images.shape[2]

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process the targets go as bytes: a tensor takes a file and a call to share."""
        values = {f.name: getattr(self.targets, f.name).numpy() for f in fields(self.targets)}
        return _arrived, (self.images, values, self.names)


def _arrived(
    images: Tensor, targets: dict[str, NDArray[Any]], names: tuple[tuple[str, ...], ...]
) -> Batch:
    return Batch(images, Targets(**{k: torch.from_numpy(v) for k, v in targets.items()}), names)


class SampleMaker(Dataset[Sample | DatasetError]):
    """Makes the sample that a draw asks for: the same one whenever it is asked."""

    def __init__(self, data: TrainingData, settings: TrainSettings) -> None:
        self._data, self._settings = data, settings
        self._sources = [source_of(name, settings) for name in data.train.names]
        self._shares = EpochBatches(data.train.names, settings).shares
        self._appearance: Any = appearance(settings.augmentation)
        self._cache: dict[int, Image] = {}
        self._room = settings.data.cache_mb * 2**20

    def __getitem__(self, draw: Draw) -> Sample | DatasetError:
        """The sample, or why it cannot be made: an exception would lose its words on the way."""
        rng = np.random.default_rng(draw.seed)
        try:
            if draw.mosaic and rng.random() < self._settings.augmentation.mosaic:
                sample = self._mosaic(draw, rng)
            else:
                sample = self._tile(draw.image, (0, 0, *draw.size), rng)
        except DatasetError as error:
            return DatasetError(str(error))
        with torch.random.fork_rng(devices=()):
            # Not torch.manual_seed: without CUDA it keeps a stack trace of every call.
            torch.default_generator.manual_seed(int(rng.integers(2**62)))
            return replace(sample, image=self._appearance(sample.image))

    def _mosaic(self, draw: Draw, rng: np.random.Generator) -> Sample:
        """Four pictures around a point somewhere in the middle."""
        width, height = draw.size
        x, y = (int(side * rng.uniform(0.3, 0.7)) for side in draw.size)
        others = np.searchsorted(self._shares, rng.random(3), side="right")
        places = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
        images = [draw.image, *others.tolist()]
        tiles = [
            self._tile(image, place, rng, _MOSAIC_ZOOM)
            for image, place in zip(images, places, strict=True)
        ]
        return self._joined(draw.size, tiles)

    def _tile(
        self,
        index: int,
        place: tuple[int, int, int, int],
        rng: np.random.Generator,
        zoom: float = 1,
    ) -> Sample:
        """One picture laid into a part of the sample; its boxes in pixels of the sample."""
        labels, source = self._data.train[index], self._sources[index]
        image = self._load(index)
        left, top, right, bottom = place
        tile, picture = (right - left, bottom - top), (image.shape[1], image.shape[0])
        matrix = draw_matrix(
            picture,
            tile,
            self._settings.input.size,
            labels.xyxy[~labels.ignore],
            source,
            self._settings.augmentation,
            rng,
            zoom,
        )
        laid = lay_boxes(labels.xyxy, matrix, tile)
        kept = laid.visible > 0
        ignore = labels.ignore | too_little(laid.xyxy, laid.visible, self._settings.augmentation)
        return Sample(
            torch.from_numpy(lay_picture(image, matrix, tile)).permute(2, 0, 1),
            laid.xyxy[kept] + np.array([left, top, left, top], np.float32),
            labels.class_id[kept],
            ignore[kept],
            np.array([place], np.float32),
            labels.labelled[None],
            (labels.name,),
        )

    def _joined(self, size: Size, tiles: list[Sample]) -> Sample:
        image = np.empty((size[1], size[0], 3), np.uint8)
        for tile in tiles:
            left, top, right, bottom = tile.tile_xyxy[0].astype(int).tolist()
            image[top:bottom, left:right] = tile.image.permute(1, 2, 0).numpy()
        columns = {
            name: np.concatenate([getattr(tile, name) for tile in tiles])
            for name in ("xyxy", "class_id", "ignore", "tile_xyxy", "labelled")
        }
        names = tuple(name for tile in tiles for name in tile.names)
        return Sample(torch.from_numpy(image).permute(2, 0, 1), **columns, names=names)

    def _load(self, index: int) -> Image:
        """The picture as RGB, from memory if it was read before and there was room."""
        image = self._cache.get(index)
        if image is None:
            image = np.ascontiguousarray(load_picture(self._data.train.paths[index])[:, :, ::-1])
            if image.nbytes <= self._room:
                self._room -= image.nbytes
                self._cache[index] = image
        return image


def too_little(xyxy: Boxes, visible: NDArray[np.float32], settings: AugmentationSettings) -> Mask:
    """(N,) of which boxes too little is left to learn from them."""
    shorter = (xyxy[:, 2:] - xyxy[:, :2]).min(1, initial=np.inf)
    return np.asarray((visible < settings.least_visible) | (shorter < settings.least_side_px))


@dataclass(frozen=True)
class Collate:
    """Brings samples of one size together, by the rules of their labels."""

    rules: LabelRules

    def __call__(self, samples: list[Sample | DatasetError]) -> Batch | DatasetError:
        made: list[Sample] = []
        for sample in samples:
            if isinstance(sample, DatasetError):
                return sample
            made.append(sample)
        # Pixel by pixel in memory: as OpenCV has them, and as networks like them.
        images = default_collate([sample.image.permute(1, 2, 0) for sample in made])
        return Batch(
            images.permute(0, 3, 1, 2), self._targets(made), tuple(sample.names for sample in made)
        )

    def _targets(self, samples: list[Sample]) -> Targets:
        xyxy, class_id, ignore, tiles, labelled = (
            np.concatenate([getattr(sample, name) for sample in samples])
            for name in ("xyxy", "class_id", "ignore", "tile_xyxy", "labelled")
        )
        numbers = np.arange(len(samples))
        image = np.repeat(numbers, [len(sample.xyxy) for sample in samples])
        tile_image = np.repeat(numbers, [len(sample.tile_xyxy) for sample in samples])
        learnt = ~ignore & (class_id != REGION)
        rules, of = self.rules, class_id[learnt]
        return Targets(
            xyxy=_floats(xyxy[learnt]),
            image=torch.from_numpy(image[learnt]),
            positive=_floats(rules.positive[of]),
            known=_floats(rules.known[of]),
            ignore_xyxy=_floats(xyxy[~learnt]),
            ignore_image=torch.from_numpy(image[~learnt]),
            ignore_outputs=_floats(rules.hidden(class_id[~learnt])),
            tile_xyxy=_floats(tiles),
            tile_image=torch.from_numpy(tile_image),
            tile_outputs=_floats(rules.absent(labelled)),
        )


def _floats(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def open_loader(
    data: TrainingData, settings: TrainSettings, batches: EpochBatches
) -> DataLoader[Batch | DatasetError]:
    """Batches of the epoch that `batches` is set to, prepared ahead by other processes."""
    return loader_of(SampleMaker(data, settings), Collate(data.rules), settings, batches)


def loader_of(
    maker: Dataset[Any],
    collate: Callable[[list[Any]], Any],
    settings: TrainSettings,
    batches: EpochBatches,
) -> DataLoader[Any]:
    """Batches of what a maker makes of the draws."""
    workers = settings.data.workers
    loader: DataLoader[Any] = DataLoader(
        maker,
        batch_sampler=batches,
        collate_fn=collate,
        num_workers=workers,
        # Not forked: OpenCV's and torch's threads do not survive that, and a worker may hang.
        multiprocessing_context="spawn" if workers else None,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_beside_the_training,
    )
    return loader


def _beside_the_training(_: int) -> None:
    """A worker takes one core, and only while nothing else wants it.

    A step's threads wait for each other: what one of them is kept waiting, all of them are.
    """
    import cv2

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    keep_freed_memory()
    if hasattr(os, "SCHED_IDLE"):  # Linux, but not every sandbox on it
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
