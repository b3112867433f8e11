"""An exported detector in 8-bit integers, calibrated on pictures by NNCF, if that is worth it."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acme_tracker.datasets import DetectionDataset, LabelledImage, load_image, with_classes
from acme_tracker.detection.runtime import kept_signal_stack
from acme_tracker.detection.smaller_vgg import (
    WORKING_SCORE,
    ModelDetector,
    OpenVinoRunner,
    Size,
    lay,
)
from acme_tracker.errors import ConfigError
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector
from acme_tracker.metrics.average_precision import average_precision
from acme_tracker.training.exporting import INT8, ONNX, Source, detector, write_card
from acme_tracker.training.labels import LabelRules
from acme_tracker.training.predicting import find_outputs

MOST_LOSS = 1.0  # AP50, in percent, that integers may cost
_CALIBRATION, _SCORED, _TIMED = 300, 1000, 60  # pictures


@dataclass(frozen=True)
class Quantised:
    """An exported detector in floats and in integers.

    Attributes:
        float_ap50, int8_ap50: the mean over all outputs, in percent; NaN where nothing is labelled.
        float_ms, int8_ms: processor time a picture, resizing and suppression included, one thread.
        calibrated, scored: how many pictures each took.
    """

    float_ap50: float
    int8_ap50: float
    float_ms: float
    int8_ms: float
    calibrated: int
    scored: int

    @property
    def worth_it(self) -> bool:
        """Faster, and no less accurate than MOST_LOSS allows."""
        lost = self.float_ap50 - self.int8_ap50
        return self.int8_ms < self.float_ms and (math.isnan(lost) or lost < MOST_LOSS)


def spread(data: DetectionDataset, most: int) -> DetectionDataset:
    """At most so many of the images, evenly."""
    if len(data) <= most:
        return data
    return data.subset(np.linspace(0, len(data) - 1, most).round().astype(np.intp))


def need_nncf() -> None:
    """ConfigError unless NNCF is installed."""
    if find_spec("nncf") is None:
        raise ConfigError("--int8 needs NNCF: pip install 'acme-tracker[int8]'")


def quantise(source: Source, out: Path, size: Size, data: DetectionDataset) -> Quantised:
    """Add an 8-bit file to an exported folder; it stays, as what OpenVINO runs, if it is worth it.

    Pictures of splits `val...` only measure, if there are others.
    """
    validates = np.array([split.startswith("val") for split in data.splits])
    learnt, held_out = np.flatnonzero(~validates), np.flatnonzero(validates)
    calibration = spread(data.subset(learnt if len(learnt) else held_out), _CALIBRATION)
    measured = data.subset(held_out if len(held_out) else learnt)
    scored, timed = (spread(measured, most) for most in (_SCORED, _TIMED))
    _write(out, calibration, size)
    runners = [OpenVinoRunner(out / name, size, threads=1) for name in (ONNX, INT8)]
    float_ap50, int8_ap50 = (
        outputs_ap50(detector(source, runner, size), scored) for runner in runners
    )
    working = [detector(source, runner, size, WORKING_SCORE) for runner in runners]
    float_ms, int8_ms = cpu_ms(working, [load_image(image.path) for image in timed])
    found = Quantised(float_ap50, int8_ap50, float_ms, int8_ms, len(calibration), len(scored))
    if found.worth_it:
        figures = {
            "float_AP50": round(found.float_ap50, 2),
            "AP50": round(found.int8_ap50, 2),
            "float_cpu_ms": round(found.float_ms, 2),
            "cpu_ms": round(found.int8_ms, 2),
            "images": found.scored,
        }
        write_card(source, out, size, INT8, int8=figures)
    else:
        for name in (INT8, INT8.replace(".xml", ".bin")):
            (out / name).unlink()
    return found


def outputs_ap50(found_by: ModelDetector, data: DetectionDataset) -> float:
    """Mean AP50 over the outputs, in percent: cars are vehicles too; NaN if nothing is labelled."""
    rules = LabelRules(found_by.rules.outputs)
    known = with_classes(data, rules.outputs.names)
    truths = [rules.truth(image) for image in known if image.labelled.any()]
    if not truths:
        return math.nan
    found = [find_outputs(found_by, [load_image(truth.path)])[0] for truth in truths]
    return average_precision(truths, found).figures()["AP50"]


def cpu_ms(detectors: Sequence[Detector], images: Sequence[Image]) -> list[float]:
    """Processor time a picture of each detector, the median; they take turns on every picture."""
    import cv2

    times: list[list[float]] = [[] for _ in detectors]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    for image in [*images[:1], *images]:  # the first once more: first calls are slower
        for own, one in zip(times, detectors, strict=True):
            start = process_time()
            one.detect([image])
            own.append(1000 * (process_time() - start))
    cv2.setNumThreads(threads)
    return [median(own[1:]) for own in times]


def _write(out: Path, pictures: DetectionDataset, size: Size) -> None:
    """The 8-bit file. What comes after the last convolutions stays in floats: boxes need digits."""
    # NNCF draws progress bars, and torch tells it of missing CUDA.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    with redirect_stdout(io.StringIO()), kept_signal_stack():
        import nncf
        import openvino

        def blob(image: LabelledImage) -> NDArray[np.float32]:
            """(1, 3, H, W) RGB."""
            laid = lay([load_image(image.path)], size)
            return np.ascontiguousarray(laid[..., ::-1].transpose(0, 3, 1, 2), np.float32)

        nncf.set_log_level(logging.ERROR)
        model = openvino.Core().read_model(str(out / ONNX))
        quantised = nncf.quantize(
            model,
            nncf.Dataset(list(pictures), blob),
            preset=nncf.QuantizationPreset.PERFORMANCE,
            subset_size=len(pictures),
            ignored_scope=nncf.IgnoredScope(names=sorted(_kept(model))),
        )
        openvino.save_model(quantised, str(out / INT8), compress_to_fp16=False)


def _kept(model: Any) -> set[str]:
    """Names of what lies outside of the convolutions: normalisation and decoding."""
    first = [port.get_node() for port in model.input(0).get_target_inputs()]
    last = [result.input_value(0).get_node() for result in model.get_results()]
    readers = lambda node: [p.get_node() for o in node.outputs() for p in o.get_target_inputs()]
    read = lambda node: [value.get_node() for value in node.input_values()]
    return _up_to_convolutions(first, readers) | _up_to_convolutions(last, read)


def _up_to_convolutions(nodes: list[Any], beyond: Callable[[Any], list[Any]]) -> set[str]:
    """Names of nodes and of those beyond them, as far as the nearest convolutions."""
    found: set[str] = set()
    while nodes:
        node = nodes.pop()
        name, kind = node.get_friendly_name(), node.get_type_name()
        if name not in found and kind not in ("Convolution", "Constant", "Parameter"):
            found.add(name)
            nodes += beyond(node)
    return found
