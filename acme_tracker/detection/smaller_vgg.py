"""Our own detector: OpenVINO on the CPU, torch on CUDA or where OpenVINO is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acme_tracker.config import DetectorSettings
from acme_tracker.datatypes import Boxes, ClassList, Detections, Floats
from acme_tracker.detection.cards import ModelCard, check_file, selector_of
from acme_tracker.detection.preprocessing import Placement
from acme_tracker.detection.runtime import (
    OpenVinoNetwork,
    missing_file,
    torch_device,
    torch_threads,
)
from acme_tracker.detection.selection import Candidates, Selector, check_images, select_classes
from acme_tracker.errors import ConfigError, DetectorError
from acme_tracker.frames import Image
from acme_tracker.networks.outputs import Outputs

if TYPE_CHECKING:
    from torch import nn

WORKING_SCORE = 0.3  # of weights without a card
WEIGHTS = ".safetensors"
_STRIDE = 32
MOST_CANDIDATES = 1000  # of a picture: an untrained network finds something everywhere
_CUDA_BATCH = 16

Size = tuple[int, int]  # (width, height)
Pictures = NDArray[np.uint8]  # (B, H, W, 3) BGR, of the input's size


class Runner(Protocol):
    """A network with its decoding, for one input size.

    Attributes:
        batch: the most pictures that are worth giving it at once.
        device: where it computes, "cpu" or "cuda".
    """

    batch: int
    device: str

    def __call__(self, pictures: Pictures) -> tuple[Floats, Floats]:
        """(B, H, W, 3) -> boxes (B, N, 4) in input pixels, scores (B, N, K)."""
        ...


class OpenVinoRunner:
    """An exported file on the CPU, one picture at a time: several at once would be no faster."""

    batch = 1
    device = "cpu"

    def __init__(self, path: Path, size: Size, threads: int, exact: bool = False) -> None:
        """See OpenVinoNetwork; DetectorError if there is no such file."""
        problem = missing_file(path)
        if problem:
            raise DetectorError(problem)
        self._network = OpenVinoNetwork(path, threads, size, exact)
        self.output_shapes = self._network.output_shapes

    def __call__(self, pictures: Pictures) -> tuple[Floats, Floats]:
        xyxy, scores = self._network(pictures)
        return xyxy, scores


class TorchRunner:
    """A network in torch, its branches folded."""

    def __init__(
        self,
        network: nn.Module,
        size: Size,
        device: str,
        threads: int | None = None,
        batch: int = 1,
        half: bool = False,
    ) -> None:
        """`threads` None: as many as torch has; `half`: 16-bit floats, on CUDA."""
        import torch

        from acme_tracker.networks.blocks import folded
        from acme_tracker.networks.decoding import DecodedDetector

        self.batch, self.device = batch, device
        self._threads, self._half = threads, half
        decoded = DecodedDetector(folded(network), size).eval()
        decoded.to(device).to(memory_format=torch.channels_last)
        self._network: Any = decoded

    def __call__(self, pictures: Pictures) -> tuple[Floats, Floats]:
        import torch

        half = torch.autocast(self.device, torch.float16, enabled=self._half)
        threads = self._threads or torch.get_num_threads()
        with torch.inference_mode(), torch_threads(threads), half:
            given = torch.from_numpy(pictures).to(self.device)
            xyxy, scores = self._network(given.flip(3).permute(0, 3, 1, 2).float())
        return xyxy.cpu().numpy(), scores.cpu().numpy()


@dataclass(frozen=True)
class ModelDetector:
    """A network at work; pictures are stretched to its input.

    Attributes:
        rules: what its outputs mean.
        size: (width, height) of its input.
        select: makes detections of candidates whose labels are `rules.classes`.
    """

    runner: Runner
    rules: Outputs
    size: Size
    select: Selector

    @property
    def classes(self) -> ClassList:
        return self.select.classes

    @property
    def device(self) -> str:
        return self.runner.device

    @property
    def batch(self) -> int:
        """The most pictures that are worth giving it at once."""
        return self.runner.batch

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        check_images(images)
        return [
            self._read(xyxy, scores, image)
            for image, (xyxy, scores) in zip(images, self.run(images), strict=True)
        ]

    def run(self, images: Sequence[Image]) -> list[tuple[Boxes, Floats]]:
        """Boxes (N, 4) in pixels of the input and scores (N, K) of each image."""
        answers: list[tuple[Boxes, Floats]] = []
        for first in range(0, len(images), self.runner.batch):
            pictures = lay(images[first : first + self.runner.batch], self.size)
            answers += zip(*self.runner(pictures), strict=True)
        return answers

    def _read(self, xyxy: Boxes, scores: Floats, image: Image) -> Detections:
        """Every object once."""
        # No class scores more than the best output. (Ten times as fast as a maximum by rows.)
        likely = np.unique(np.flatnonzero(scores >= self.select.least) // scores.shape[1])
        by_class = self.rules.class_scores(scores[likely])
        best = by_class.max(axis=1)
        rows = np.argsort(-best, kind="stable")[:MOST_CANDIDATES]
        by_class = by_class[rows]
        found = Candidates(
            self.placement(image).to_picture(xyxy[likely[rows]]),
            best[rows],
            by_class.argmax(axis=1).astype(np.int64),
            by_class,
        )
        return self.select(found, (image.shape[1], image.shape[0]))

    def placement(self, image: Image) -> Placement:
        """Where a picture is in the input."""
        height, width = image.shape[:2]
        return Placement((self.size[0] / width, self.size[1] / height), (0, 0))


def lay(images: Sequence[Image], size: Size) -> Pictures:
    """Images stretched to an input."""
    import cv2

    pictures = np.empty((len(images), size[1], size[0], 3), np.uint8)
    for picture, image in zip(pictures, images, strict=True):
        cv2.resize(image, size, dst=picture, interpolation=cv2.INTER_LINEAR)
    return pictures


def open_model(
    folder: Path, card: ModelCard, settings: DetectorSettings, size: Size | None = None
) -> ModelDetector:
    """The detector of a folder that `acme-tracker export` wrote.

    Args:
        folder: where the card lies.
        card: what it says.
        settings: weights (a file of the same network), score and classes in place of the card's;
            without, it finds all that it has learnt, road users or not.
        size: (width, height) of the input in place of the card's.

    Raises:
        DetectorError: a file is missing, damaged or another one than the card says.
        ConfigError: the size is no multiple of 32, or a class is not known.
    """
    size = fitting(card.input_size if size is None else size)
    device = torch_device(settings.device)
    path = settings.weights
    if path is None:
        in_torch = device == "cuda" or find_spec("openvino") is None
        path = check_file(folder, card, card.torch if in_torch else card.cpu)
    wanted = select_classes(
        card.classes, settings.classes or card.classes, f"detector {folder.name}"
    )
    select = selector_of(card, wanted, settings.score)
    return ModelDetector(
        _runner(path, card, size, device, settings.threads), card.rules, size, select
    )


def open_weights(path: Path, settings: DetectorSettings, size: Size | None = None) -> ModelDetector:
    """The detector of a weights file that `acme-tracker train` wrote, in torch.

    Raises:
        DetectorError: there is no such file, or it holds something else.
        ConfigError: other weights are set too, the size is no multiple of 32, or a class is not
            known.
    """
    from acme_tracker.networks.weights import load_detector

    if settings.weights is not None:
        raise ConfigError(
            f"detector {path} is a weights file and takes no other, got {settings.weights}: leave "
            "--weights out, or give that file as the detector"
        )
    network, head = load_detector(path)
    size = fitting(size or input_size(head))
    rules = Outputs(ClassList(network.spec.outputs))
    known = rules.classes.names
    wanted = select_classes(known, settings.classes or known, f"detector {path.name}")
    score = WORKING_SCORE if settings.score is None else settings.score
    select = Selector(known, wanted, score, "per-kind")
    runner = _torch_runner(network, size, torch_device(settings.device), settings.threads)
    return ModelDetector(runner, rules, size, select)


def input_size(head: dict[str, str]) -> Size:
    """The (width, height) that a network learnt for, as its weights file's head says."""
    width, _, height = head.get("size", "640x384").partition("x")
    return int(width), int(height)


def _runner(path: Path, card: ModelCard, size: Size, device: str, threads: int) -> Runner:
    if path.suffix == WEIGHTS:
        from acme_tracker.networks.weights import load_detector  # torch: the others do without

        network, _ = load_detector(path)
        if network.spec.outputs != card.outputs:
            raise DetectorError(
                f"weights file {path} gives scores of {', '.join(network.spec.outputs)}, the card "
                f"says {', '.join(card.outputs)}"
            )
        return _torch_runner(network, size, device, threads)
    if device == "cuda":
        raise DetectorError(
            f"--device cuda: {path.name} runs on the CPU; give a {WEIGHTS} file, or --device cpu"
        )
    runner = OpenVinoRunner(path, size, threads)
    widths = [shape[-1] for shape in runner.output_shapes]
    if widths != [4, len(card.outputs)]:
        raise DetectorError(
            f"weights file {path} gives {widths} values a point, the card wants boxes and scores: "
            f"{[4, len(card.outputs)]}"
        )
    return runner


def _torch_runner(network: nn.Module, size: Size, device: str, threads: int) -> TorchRunner:
    if device == "cuda":
        return TorchRunner(network, size, device, threads, _CUDA_BATCH, half=True)
    return TorchRunner(network, size, device, threads)


def fitting(size: Size) -> Size:
    """The size itself; ConfigError if it does not fit the network."""
    if size[0] % _STRIDE or size[1] % _STRIDE or min(size) <= 0:
        raise ConfigError(
            f"the detector's input must be multiples of {_STRIDE}, got {size[0]}x{size[1]}"
        )
    return size
