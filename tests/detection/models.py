"""A tiny SmallerVGG detector whose weights nobody trained, but that finds something everywhere."""

from __future__ import annotations

from pathlib import Path

import torch

from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec
from acme_tracker.networks.weights import save_detector
from acme_tracker.training.exporting import export, open_source

OUTPUTS = ("person", "car", "bus", "truck", "vehicle")
SIZE = (96, 64)  # (width, height)


def write_weights(path: Path, outputs: tuple[str, ...] = OUTPUTS, seed: int = 0) -> Path:
    """A weights file as a run leaves it; scores are spread around a half."""
    torch.manual_seed(seed)
    network = SmallerVggDetector(SmallerVggSpec(outputs, width=0.125)).eval()
    with torch.no_grad():
        for layer in network.scores:
            assert isinstance(layer, torch.nn.Conv2d)
            assert layer.bias is not None
            layer.weight.normal_(std=0.1)
            layer.bias.normal_(std=0.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_detector(network, network.spec, path, {"size": "{}x{}".format(*SIZE), "epoch": "3"})
    return path


def write_model(folder: Path, outputs: tuple[str, ...] = OUTPUTS, openvino: bool = False) -> Path:
    """A model's folder, as `acme-tracker export` writes it."""
    source = open_source(str(write_weights(folder / "run" / "best.safetensors", outputs)))
    export(source, folder / "model", SIZE, openvino)
    return folder / "model"
