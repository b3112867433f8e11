"""Writes a trained detector as a folder that is a complete model: files, and a card about them."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from acme_tracker.config import read_mapping
from acme_tracker.datatypes import SUPER_CLASSES, ClassList
from acme_tracker.detection.cards import CARD, SMALLER_VGG, ModelCard, load_card
from acme_tracker.detection.registry import find_file
from acme_tracker.detection.selection import Selector
from acme_tracker.detection.smaller_vgg import (
    WEIGHTS,
    ModelDetector,
    OpenVinoRunner,
    Runner,
    Size,
    TorchRunner,
    input_size,
)
from acme_tracker.errors import DetectorError, OutputError
from acme_tracker.frames import Image
from acme_tracker.networks.blocks import folded
from acme_tracker.networks.decoding import AnySizeDetector
from acme_tracker.networks.outputs import Outputs
from acme_tracker.networks.smaller_vgg import SmallerVggDetector
from acme_tracker.networks.weights import load_detector

TORCH, ONNX, OPENVINO, INT8 = "model.safetensors", "model.onnx", "model.xml", "model-int8.xml"
_FILES = (TORCH, ONNX, OPENVINO, "model.bin", INT8, "model-int8.bin")
# Float32 against float32: the largest differences of trained and of random networks were 0.01 px
# and 3e-6, by the order in which sums are made.
MOST_PX, MOST_SCORE = 0.1, 1e-3
_HEAD = f"""\
# A detector that `acme-tracker export` wrote. What each key means: class ModelCard in
# acme_tracker/detection/cards.py. {CARD} may be edited: the next export into this folder keeps the
# keys that are for people, and the thresholds.
"""
# What people write, and another export leaves alone.
_KEPT = (
    *("score", "class_scores", "nms", "nms_iou", "max_detections", "licence", "notes"),
    *("trained_on", "held_out", "recipe", "accuracy"),
)


@dataclass(frozen=True)
class Parity:
    """The largest differences between torch and an exported file, over some pictures.

    Attributes:
        file: its name.
        px: of a box's side, in pixels of the input.
        score: of an output.
    """

    file: str
    px: float
    score: float
    pictures: int


@dataclass(frozen=True)
class Source:
    """A trained network to export.

    Attributes:
        path: its weights file.
        head: what that says of it.
        card: what the card beside it says, nothing where there is none.
    """

    path: Path
    network: SmallerVggDetector
    head: Mapping[str, str]
    card: Mapping[str, Any]

    @property
    def rules(self) -> Outputs:
        return Outputs(ClassList(self.network.spec.outputs))

    @property
    def size(self) -> Size:
        return input_size(dict(self.head))


def open_source(name: str) -> Source:
    """The network of a weights file, a run's folder, a model's folder or a shipped model's name.

    Raises:
        DetectorError: there is none, or it is damaged.
    """
    path = find_file(name)
    if path is not None and path.suffix != WEIGHTS:
        card = load_card(path)
        path = path.parent / card.torch if isinstance(card, ModelCard) else None
    if path is None:
        raise DetectorError(
            f"no model of ours {name!r}: wanted a run's folder, its best{WEIGHTS}, a folder that "
            "`acme-tracker export` wrote, or the name of one in `acme-tracker models`"
        )
    network, head = load_detector(path)
    return Source(path, network, head, _card_of(path))


def _card_of(weights: Path) -> Mapping[str, Any]:
    """The card of a folder that an export wrote, by its weights file for torch; {} for others."""
    path = weights.parent / CARD
    return read_mapping(path, "detector card") if weights.name == TORCH and path.is_file() else {}


def export(
    source: Source, out: Path, size: Size, openvino: bool, pictures: Sequence[Image] = ()
) -> list[Parity]:
    """Write a model's folder, and compare what is in it with the network in torch.

    Args:
        source: what to export.
        out: the folder; its card's keys for people are kept, of a new one the source's are.
        size: (width, height) of the input that the card names.
        openvino: write OpenVINO's format too.
        pictures: to compare on; noise where there are none.

    Raises:
        DetectorError: a file does not compute what the network does.
        OutputError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / TORCH).exists() or not source.path.samefile(out / TORCH):
            shutil.copyfile(source.path, out / TORCH)
        for name in _FILES[1:]:
            (out / name).unlink(missing_ok=True)  # of another network, maybe
        write_onnx(source.network, out / ONNX)
    except OSError as error:
        raise OutputError(f"cannot write {error.filename or out}: {error.strerror}") from None
    files = [ONNX]
    if openvino:
        _convert(out / ONNX, out / OPENVINO)
        files.append(OPENVINO)
    write_card(source, out, size, files[-1])
    return [compare(source, out / name, size, pictures) for name in files]


def write_onnx(network: SmallerVggDetector, path: Path) -> None:
    """A network, folded and with its decoding, for pictures of any number and size.

    Input `images` (B, 3, H, W), RGB in 0..255, H and W multiples of 32; outputs `boxes` (B, N, 4)
    in input pixels and `scores` (B, N, K).
    """
    any_number = {"images": {0: "pictures", 2: "height", 3: "width"}}
    any_number |= {name: {0: "pictures", 1: "points"} for name in ("boxes", "scores")}
    with warnings.catch_warnings():
        # Its successor needs onnxscript and takes a hundred times as long.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            AnySizeDetector(folded(network)).eval(),
            (torch.zeros(1, 3, 64, 96),),
            str(path),
            dynamo=False,
            input_names=["images"],
            output_names=["boxes", "scores"],
            dynamic_axes=any_number,
            opset_version=17,
        )


def compare(source: Source, path: Path, size: Size, pictures: Sequence[Image]) -> Parity:
    """How far an exported file, in float32, is from torch.

    Raises:
        DetectorError: farther than MOST_PX or MOST_SCORE.
    """
    images = list(pictures) or _noise(size)
    exact = detector(source, OpenVinoRunner(path, size, threads=1, exact=True), size)
    wanted = detector(source, TorchRunner(source.network, size, "cpu"), size)
    px = score = np.float32(0)
    for (xyxy, scores), (true_xyxy, true_scores) in zip(
        exact.run(images), wanted.run(images), strict=True
    ):
        px = np.maximum(px, np.abs(xyxy - true_xyxy).max())  # stays NaN once it is
        score = np.maximum(score, np.abs(scores - true_scores).max())
    if not (px <= MOST_PX and score <= MOST_SCORE):  # NaN is not
        raise DetectorError(
            f"{path} does not compute what torch does: boxes differ by {px:.3g} px, scores by "
            f"{score:.3g}; at most {MOST_PX:g} and {MOST_SCORE:g} were expected"
        )
    return Parity(path.name, float(px), float(score), len(images))


def detector(source: Source, runner: Runner, size: Size, score: float = 0.01) -> ModelDetector:
    """A network at work, whatever runs it."""
    classes = source.rules.classes
    return ModelDetector(
        runner, source.rules, size, Selector(classes.names, classes, score, "per-kind")
    )


def write_card(source: Source, out: Path, size: Size, cpu: str, **changes: Any) -> None:
    """The card of a folder, by what it holds now; `cpu` is the file that OpenVINO is to run."""
    path = out / CARD
    before = read_mapping(path, "detector card") if path.exists() else source.card
    outputs = source.network.spec.outputs
    plumbing = ("network", "spec", "size")
    notes = {k: v for k, v in sorted(source.head.items()) if k not in plumbing and v != "nan"}
    values = {
        "family": SMALLER_VGG,
        "outputs": list(outputs),
        "super_classes": {
            n: [m for m in SUPER_CLASSES[n] if m in outputs] for n in _wholes(source)
        },
        "input_size": list(size),
        "resize": "stretch",
        "colours": "rgb",
        **{key: before[key] for key in _KEPT if key in before},
        "trained": notes,
        **changes,
        "torch": TORCH,
        "cpu": cpu,
        "files": {name: _sha256(out / name) for name in _FILES if (out / name).exists()},
    }
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    try:
        path.write_text(_HEAD + text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    load_card(path)


class _Dumper(yaml.SafeDumper):
    """Lists of plain values in one line."""

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        flat = not any(isinstance(item, dict) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style or flat)


def _wholes(source: Source) -> list[str]:
    """The outputs that are super-classes of others."""
    rules = source.rules
    return [name for row, name in enumerate(rules.outputs) if rules.members[row].any()]


def _convert(onnx: Path, path: Path) -> None:
    import openvino

    model = openvino.Core().read_model(str(onnx))
    openvino.save_model(model, str(path), compress_to_fp16=False)


def _noise(size: Size) -> list[Image]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (size[1], size[0], 3), np.uint8) for _ in range(2)]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
