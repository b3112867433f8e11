"""SmallerVGGNet as published, taught to tell what pictures of one object show."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from acme_tracker.datasets import ClassifiedImages, load_image, open_class_folders
from acme_tracker.errors import ConfigError, DatasetError, DetectorError, OutputError
from acme_tracker.figures import plain
from acme_tracker.frames import Image
from acme_tracker.networks.smaller_vgg import SmallerVGGNet
from acme_tracker.training.appearance import appearance
from acme_tracker.training.draws import Draw, EpochBatches, marked_names
from acme_tracker.training.geometry import draw_matrix, fitting_matrix, lay_picture
from acme_tracker.training.learning import Run
from acme_tracker.training.pictures import encoded
from acme_tracker.training.samples import loader_of
from acme_tracker.training.settings import SourceOfImages, TrainSettings
from acme_tracker.training.transfer import NONE, find_weights

NAME = "smaller-vgg-classifier"
_SIDE = 96
_SIZE = (_SIDE, _SIDE)
_LOOKS = SourceOfImages(zoom=(0.9, 1.3))
_SHOWN = 32

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ClassifiedBatch:
    """images: (B, 3, 96, 96) uint8 RGB; class_id: (B,) int64; names: of the picture files."""

    images: Tensor
    class_id: Tensor
    names: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class PictureMaker(Dataset[Any]):
    """Makes the picture that a draw asks for, changed a little: the same whenever it is asked."""

    images: ClassifiedImages
    settings: TrainSettings

    @cached_property
    def _appearance(self) -> Any:
        return appearance(self.settings.augmentation)

    def __getitem__(self, draw: Draw) -> tuple[Tensor, int, str] | DatasetError:
        rng = np.random.default_rng(draw.seed)
        path = self.images.paths[draw.image]
        try:
            image = load_image(path)
        except DatasetError as error:
            return DatasetError(str(error))
        none = np.zeros((0, 4), np.float32)
        size = (image.shape[1], image.shape[0])
        augmentation = self.settings.augmentation
        matrix = draw_matrix(size, _SIZE, _SIZE, none, _LOOKS, augmentation, rng)
        with torch.random.fork_rng(devices=()):
            torch.default_generator.manual_seed(int(rng.integers(2**62)))
            changed: Tensor = self._appearance(_tensor(lay_picture(image, matrix, _SIZE)))
        return changed, int(self.images.class_id[draw.image]), Path(path).name


def collate(made: list[tuple[Tensor, int, str] | DatasetError]) -> ClassifiedBatch | DatasetError:
    """Bring pictures together; an exception would lose its words on the way."""
    kept = [one for one in made if not isinstance(one, DatasetError)]
    if len(kept) < len(made):
        return next(one for one in made if isinstance(one, DatasetError))
    images, class_id, names = zip(*kept, strict=True)
    return ClassifiedBatch(
        torch.stack(images), torch.tensor(class_id), tuple((name,) for name in names)
    )


class ClassifierLearner:
    """A Learner; see there."""

    backbone = ("features",)
    divisible = False  # for its dropout
    least_values = 1  # behind its first fully connected layer
    measure = "accuracy"

    def __init__(
        self, paths: Sequence[Path], settings: TrainSettings, device: torch.device
    ) -> None:
        """Raise DatasetError or ConfigError if there are no class folders that fit."""
        self.settings, self.device = settings, device
        if len(paths) != 1:
            raise ConfigError(f"{NAME} learns from one --data folder, got {len(paths)}")
        self.data = open_class_folders(paths[0])
        self.classes = self.data.classes.names
        self.train, self.validation = _divided(self.data, settings)
        self.network: nn.Module = SmallerVGGNet(len(self.classes)).to(device)

    def begin(self) -> None:
        if self.settings.model.weights in (None, NONE):
            return
        path = find_weights(self.settings.model.weights)
        assert path is not None
        network, classes = load_classifier(path)
        given = network.state_dict()
        rows = [i for i, name in enumerate(self.classes) if name in classes]
        from_rows = [classes.index(self.classes[i]) for i in rows]
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                last = key.startswith("head.5.")
                if last:
                    value[rows] = given[key][from_rows].to(value)
                else:
                    value.copy_(given[key])

    @property
    def names(self) -> Sequence[str]:
        return _names(self.train)

    def summary(self) -> str:
        return (
            f"{len(self.train)} pictures to learn {', '.join(self.classes)} from, "
            f"{len(self.validation)} to validate on"
        )

    def fingerprint(self) -> dict[str, str | int]:
        digest = hashlib.sha256(repr(self.classes).encode())
        for part in (self.train, self.validation):
            for path, class_id in zip(part.paths, part.class_id, strict=True):
                relative = Path(path).relative_to(part.root).as_posix()
                digest.update(repr((relative, Path(path).stat().st_size, class_id)).encode())
        return {
            "training_images": len(self.train),
            "validation_images": len(self.validation),
            "sha256": digest.hexdigest(),
        }

    def open_loader(self, order: EpochBatches) -> Iterable[ClassifiedBatch | DatasetError]:
        return loader_of(PictureMaker(self.train, self.settings), collate, self.settings, order)

    def losses(self, run: Run, batch: ClassifiedBatch) -> dict[str, Tensor]:
        logits = run(batch.images.to(self.device).float()).float()
        class_id = batch.class_id.to(self.device)
        right = (logits.argmax(1) == class_id).float().mean()
        return {"loss": F.cross_entropy(logits, class_id), "training_accuracy": 100 * right}

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Top-1 accuracy, of all pictures and by class; NaN for classes without any."""
        counts = self.confusion(network)
        with np.errstate(invalid="ignore"):
            each = 100 * np.diag(counts) / counts.sum(1)
        by_class = zip(self.classes, each.tolist(), strict=True)
        whole = 100 * float(np.trace(counts) / counts.sum())
        return {"accuracy": whole} | {f"accuracy_{name}": value for name, value in by_class}

    def confusion(self, network: nn.Module) -> Ints:
        """(C, C): how many pictures of a class (rows) were taken for each (columns)."""
        counts = np.zeros((len(self.classes),) * 2, np.int64)
        size = self.settings.validation.batch
        for first in range(0, len(self.validation), size):
            paths = self.validation.paths[first : first + size]
            images = torch.stack([_fitted(load_image(path)) for path in paths])
            with torch.inference_mode():
                found = network(images.to(self.device).float()).argmax(1).cpu().numpy()
            np.add.at(counts, (self.validation.class_id[first : first + size], found), 1)
        return counts

    def sheet(self, batch: ClassifiedBatch) -> bytes:
        shown = batch.images[:_SHOWN].permute(0, 2, 3, 1).flip(-1).numpy()
        return encoded(np.concatenate(list(np.concatenate(_in_rows(shown), axis=2))))

    def pictures(self, network: nn.Module) -> dict[str, bytes]:
        return {"confusion.png": draw_confusion(self.confusion(network), self.classes)}

    def save(self, network: nn.Module, path: Path, notes: Mapping[str, str]) -> None:
        from safetensors.torch import save

        head = {**notes, "network": NAME, "classes": json.dumps(self.classes)}
        head["size"] = f"{_SIDE}x{_SIDE}"
        tensors = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
        try:
            path.write_bytes(save(tensors, head))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from None


def load_classifier(path: Path) -> tuple[SmallerVGGNet, tuple[str, ...]]:
    """A trained classifier in evaluation mode, and its classes; DetectorError if it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            head = dict(file.metadata() or {})
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if head.get("network") != NAME:
            raise DetectorError(f"{path} holds no {NAME} but {head.get('network')!r}")
        classes = tuple(json.loads(head["classes"]))
        network = SmallerVGGNet(len(classes))
        network.load_state_dict(tensors)
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise DetectorError(f"weights file {path} is missing, damaged or too old") from error
    return network.eval(), classes


def draw_confusion(counts: Ints, classes: Sequence[str]) -> bytes:
    """A PNG: the share of each class (rows) that was taken for each (columns)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), dpi=110, layout="constrained")
    axes: Any = figure.subplots()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    places, names = range(len(classes)), [plain(name) for name in classes]
    axes.set_xticks(places, names, rotation=45, ha="right")
    axes.set_yticks(places, names)
    axes.set(xlabel="found", ylabel="true")
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _divided(
    data: ClassifiedImages, settings: TrainSettings
) -> tuple[ClassifiedImages, ClassifiedImages]:
    """Those to learn from and those to validate on.

    The latter are a split `val` and what the settings name, or the last of each class.
    """
    held_out = marked_names(_names(data), data.splits, settings)
    tests = np.array([split.startswith("test") for split in data.splits])
    if not held_out.any():
        for class_id in range(len(data.classes)):
            mine = np.flatnonzero((data.class_id == class_id) & ~tests)
            kept = len(mine) - max(1, round(len(mine) * settings.data.validation_share))
            held_out[mine[kept:]] = True
    learnt = ~held_out & ~tests
    if not learnt.any() or not held_out.any():
        raise DatasetError(f"{data.root}: wanted pictures to learn from and to validate on")
    return _subset(data, learnt), _subset(data, held_out)


def _names(data: ClassifiedImages) -> list[str]:
    """Paths relative to the folders of their splits: class folders and pictures."""
    return [
        Path(path).relative_to(data.root / split).as_posix()
        for path, split in zip(data.paths, data.splits, strict=True)
    ]


def _subset(data: ClassifiedImages, chosen: NDArray[np.bool_]) -> ClassifiedImages:
    rows = np.flatnonzero(chosen)
    paths, splits = (tuple(column[i] for i in rows) for column in (data.paths, data.splits))
    return ClassifiedImages(data.root, data.classes, paths, splits, data.class_id[rows])


def _tensor(image: Image) -> Tensor:
    """BGR (H, W, 3) -> RGB (3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1)


def _fitted(image: Image) -> Tensor:
    matrix = fitting_matrix((image.shape[1], image.shape[0]), _SIZE)
    return _tensor(lay_picture(image, matrix, _SIZE))


def _in_rows(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(8, N, 96, 96, 3): eight columns, empty places black."""
    blanks = np.zeros((-len(images) % 8, *images.shape[1:]), np.uint8)
    whole = np.concatenate([images, blanks])
    return np.asarray(whole.reshape(-1, 8, *images.shape[1:]).swapaxes(0, 1), np.uint8)
