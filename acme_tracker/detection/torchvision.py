"""Every box-detection model that torchvision ships, in torch: their conversion takes minutes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.config import DetectorSettings, nearest
from acme_tracker.datatypes import ClassList, Detections
from acme_tracker.detection.runtime import torch_device, torch_threads
from acme_tracker.detection.selection import Candidates, Selector, check_images, select_classes
from acme_tracker.errors import DetectorError
from acme_tracker.frames import Image

PREFIX = "torchvision:"
WORKING_SCORE = 0.3


class TorchvisionDetector:
    """A torchvision model in eval mode: `model(images)` gives boxes, scores and labels of each."""

    def __init__(self, model: Any, selector: Selector, device: str, threads: int) -> None:
        self._model, self._select = model.eval().to(device), selector
        self.device, self._threads = device, threads

    @property
    def classes(self) -> ClassList:
        return self._select.classes

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        import torch

        check_images(images)
        if not images:
            return []
        half = torch.autocast("cuda", torch.float16, enabled=self.device == "cuda")
        with torch.inference_mode(), torch_threads(self._threads), half:
            found = self._model([self._tensor(image) for image in images])
        return [
            self._select(_candidates(one), (image.shape[1], image.shape[0]))
            for one, image in zip(found, images, strict=True)
        ]

    def _tensor(self, image: Image) -> Any:
        """(H, W, 3) BGR bytes -> (3, H, W) RGB in [0, 1] on the device."""
        import torch

        rgb = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).to(self.device)
        return rgb.permute(2, 0, 1).float() / 255


def open_torchvision(name: str, settings: DetectorSettings) -> TorchvisionDetector:
    """The detector of `torchvision:NAME`, with torchvision's COCO weights or those of a file."""
    known = torchvision_names()
    if name not in known:
        raise DetectorError(f"torchvision has no detection model {name!r}{nearest(name, known)}")
    device = torch_device(settings.device)
    head = trained_head(name, settings.weights)
    labels = torchvision_labels(name, head)
    wanted = settings.classes or (labels[1:] if head else ())  # all that our training taught it
    classes = select_classes(labels, wanted, f"detector {PREFIX}{name}")
    score = WORKING_SCORE if settings.score is None else settings.score
    # The models keep a box under every class that scores; here the best class of its kind stays.
    selector = Selector(labels, classes, score, "per-kind", iou=0.6)
    model = build_model(name, len(labels), input_size(head))
    _load(model, name, settings.weights)
    return TorchvisionDetector(model, selector, device, settings.threads)


def torchvision_names() -> list[str]:
    from torchvision.models import detection, list_models

    return sorted(list_models(module=detection))


def torchvision_labels(name: str, head: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The labels that a trained file's head names, or those of torchvision's weights."""
    from torchvision.models import get_model_weights

    if head:
        return tuple(json.loads(head["labels"]))
    return tuple(get_model_weights(name).DEFAULT.meta["categories"])


def trained_head(name: str, path: Path | None) -> dict[str, str]:
    """What our training wrote of a weights file; {} for other files.

    Raises:
        DetectorError: it is of another model.
    """
    if path is None or path.suffix != ".safetensors" or not path.is_file():
        return {}
    try:
        from safetensors import safe_open

        with safe_open(path, framework="pt") as file:
            head = dict(file.metadata() or {})
    except Exception:  # told when the weights are read
        return {}
    if head.get("network", PREFIX + name) != PREFIX + name:
        raise DetectorError(f"weights file {path} is of {head['network']}, not of {PREFIX}{name}")
    return head if "labels" in head else {}


def input_size(head: Mapping[str, str]) -> tuple[int, int] | None:
    """(width, height) that a trained file's model runs at; None: as torchvision has it."""
    if "size" not in head:
        return None
    width, height = map(int, head["size"].split("x"))
    return width, height


def build_model(name: str, labels: int, size: tuple[int, int] | None = None) -> Any:
    """A model without weights; pictures are fitted to `size`, but by SSDs, which have their own."""
    from torchvision.models import get_model

    model = get_model(name, weights=None, weights_backbone=None, num_classes=labels)
    if size is not None and model.transform.fixed_size is None:
        model.transform.min_size, model.transform.max_size = (min(size),), max(size)
    return model


def read_weights(name: str, path: Path | None) -> Mapping[str, Any]:
    """The state dict of a file, or of torchvision's weights; DetectorError if there is none."""
    from torchvision.models import get_model_weights

    return _downloaded(name, get_model_weights(name).DEFAULT) if path is None else _read(path)


def cached_weights(name: str) -> Path:
    """Where torchvision keeps a model's weights once they are downloaded."""
    import torch
    from torchvision.models import get_model_weights

    url = get_model_weights(name).DEFAULT.url
    return Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])


def _load(model: Any, name: str, given: Path | None) -> None:
    state = read_weights(name, given)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        problem = str(error).partition("\n")[2].strip().partition("\n")[0]
        raise DetectorError(f"weights file {given} is not for {name}: {problem}") from None


def _downloaded(name: str, published: Any) -> Mapping[str, Any]:
    """The weights that torchvision publishes, from its cache or the network."""
    try:
        state: Mapping[str, Any] = published.get_state_dict(
            progress=sys.stderr.isatty(), check_hash=True
        )
    except (OSError, RuntimeError) as error:
        path = cached_weights(name)
        raise DetectorError(
            f"{PREFIX}{name} needs {path.name}, which is not in {path.parent} and cannot be "
            f"downloaded ({error}); put it there or give it with --weights FILE"
        ) from None
    return state


def _read(path: Path) -> Mapping[str, Any]:
    """A state dict of a .pth or .safetensors file; a training checkpoint's `model` part."""
    if not path.is_file():
        raise DetectorError(f"no weights file {path}")
    try:
        state = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except DetectorError:
        raise
    except Exception:  # a damaged pickle can raise anything
        raise DetectorError(f"weights file {path} is damaged, or is no state dict") from None
    return state


def _read_pickle(path: Path) -> Mapping[str, Any]:
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(state, Mapping) and isinstance(state.get("model"), Mapping):
        state = state["model"]
    if not isinstance(state, Mapping):
        raise DetectorError(f"weights file {path} holds a {type(state).__name__}, not a state dict")
    return state


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise DetectorError(f"{path.name} needs the package: pip install safetensors") from None
    return load_file(path)


def _candidates(found: Mapping[str, Any]) -> Candidates:
    return Candidates(
        found["boxes"].float().cpu().numpy(),
        found["scores"].float().cpu().numpy(),
        found["labels"].cpu().numpy().astype(np.int64),
    )
