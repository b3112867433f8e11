"""Tiny networks whose outputs are known: each gives constants, whatever the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

SIZE = (64, 32)  # (width, height) of every input
LABELS = ("person", "car", "truck", "traffic light")
CELLS = {8: 32, 16: 8, 32: 2, 64: 1}  # by stride, for SIZE
ALL = sum(CELLS.values())

SHAPES: Mapping[str, Sequence[tuple[int, ...]]] = {
    "yolox": [(1, ALL - 1, 5 + len(LABELS))],
    "nanodet-plus": [(1, ALL, len(LABELS) + 32)],
    "picodet": [(1, n, width) for width in (len(LABELS), 32) for n in CELLS.values()],
    "boxes-labels": [(5, 5), (5,)],
}


def outputs_of(family: str, seed: int = 0) -> list[NDArray[Any]]:
    """Plausible outputs; every value survives bfloat16, in which OpenVINO may compute."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(0, 1, shape).astype(np.float32) for shape in SHAPES[family]]
    if family == "yolox":
        values[0][..., 4:] = rng.random(values[0][..., 4:].shape)
    elif family == "picodet":
        values[:4] = [rng.random(value.shape).astype(np.float32) for value in values[:4]]
    elif family == "boxes-labels":
        corner, side = rng.integers(0, 20, (5, 2)), rng.integers(4, 12, (5, 2))
        score = np.array([[0.9], [0.1], [0.5], [0.75], [0.5]])
        values[0] = np.concatenate([corner, corner + side, score], axis=1).astype(np.float32)
        return [_short(values[0]), np.array([0, 1, 2, 3, 1], np.int64)]
    return [_short(value) for value in values]


def _short(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def write_network(path: Path, outputs: Sequence[NDArray[Any]]) -> Path:
    """An ONNX file that gives `outputs` for any picture of SIZE."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIZE[1], SIZE[0]])
    zero = numpy_helper.from_array(np.array(0, np.float32), "zero")
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    constants, infos = [zero], []
    for number, value in enumerate(outputs):
        name = f"output_{number}"
        constants.append(numpy_helper.from_array(value, f"constant_{number}"))
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        nodes += [
            helper.make_node("Cast", ["nothing"], [f"nothing_{number}"], to=kind),
            helper.make_node("Add", [f"constant_{number}", f"nothing_{number}"], [name]),
        ]
        infos.append(helper.make_tensor_value_info(name, kind, value.shape))
    graph = helper.make_graph(nodes, "tiny", [picture], infos, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def write_card(folder: Path, family: str, **changes: Any) -> Path:
    """A card beside a tiny network of its family."""
    write_network(folder / f"{family}.onnx", outputs_of(family))
    values = {
        "weights": f"{family}.onnx",
        "family": family,
        "input_size": list(SIZE),
        "resize": "stretch",
        "classes": list(LABELS),
        "nms": "none",
        "max_detections": 1000,
        **changes,
    }
    card = folder / f"tiny-{family}.yaml"
    card.write_text(yaml.safe_dump(values))
    return card
