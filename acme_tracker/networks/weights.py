"""Weights files: safetensors, with what is needed to build the network again in their head."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import nn

from acme_tracker.errors import DetectorError, OutputError
from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec

NAME = "smaller-vgg"


def save_detector(
    network: nn.Module, spec: SmallerVggSpec, path: Path, notes: Mapping[str, str]
) -> None:
    """Write a detector's weights; `notes` say where they come from.

    Raises:
        OutputError: the file cannot be written.
    """
    from safetensors.torch import save

    head = {"network": NAME, "spec": json.dumps(asdict(spec)), **notes}
    tensors = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
    try:
        path.write_bytes(save(tensors, head))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None


def load_detector(path: Path) -> tuple[SmallerVggDetector, dict[str, str]]:
    """The detector in evaluation mode, and what its file's head says.

    Raises:
        DetectorError: there is no such file, or it holds something else.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise DetectorError(f"no weights file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            head = dict(file.metadata() or {})
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if head.get("network") != NAME:
            raise DetectorError(f"{path} holds no {NAME} network but {head.get('network')!r}")
        values = json.loads(head["spec"])
        spec = SmallerVggSpec(**{**values, "outputs": tuple(values["outputs"])})
        network = SmallerVggDetector(spec)
        network.load_state_dict(tensors)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DetectorError(f"weights file {path} is damaged, or of another version") from error
    return network.eval(), head
