"""`acme-tracker doctor`: what this machine can do, in plain words."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata

from rich.markup import escape

from acme_tracker.cli.console import output
from acme_tracker.resources import usable_cores
from acme_tracker.results.summary import versions

Finding = tuple[bool, str]  # good or not, and what to know of it


def doctor() -> None:
    """Say what this machine can do: CUDA, OpenVINO, display, codecs, cameras."""
    for name, examine in EXAMINATIONS.items():
        try:
            findings = list(examine())
        except Exception as error:
            findings = [(False, f"cannot be used: {error}")]
        for good, text in findings:
            mark = "[green]ok [/]" if good else "[yellow]no [/]"
            output.print(f"{mark} {name:<10} {escape(' '.join(text.split()))}", soft_wrap=True)


def _program() -> Iterator[Finding]:
    known = ", ".join(f"{name} {version or 'missing'}" for name, version in versions().items())
    yield True, f"{known}, on {platform.platform()}"


def _processor() -> Iterator[Finding]:
    said = "cores to use; settings detector.threads says how many inference takes"
    yield True, f"{usable_cores()} {said}"


def _cuda() -> Iterator[Finding]:
    import torch

    if not torch.cuda.is_available():
        yield False, "torch finds no CUDA GPU: detectors run on the CPU"
        return
    for number in range(torch.cuda.device_count()):
        known = torch.cuda.get_device_properties(number)
        yield True, f"{known.name}, {known.total_memory / 2**30:.0f} GiB: torch models run here"
    yield _onnx_on_cuda()


def _onnx_on_cuda() -> Finding:
    """Whether ONNX files can use the GPU too."""
    try:
        import onnxruntime
    except ImportError:
        return False, "ONNX models need `pip install onnxruntime-gpu` to run on it"
    good = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    return good, "ONNX models run on it" if good else "this onnxruntime has no CUDA: see above"


def _openvino() -> Iterator[Finding]:
    import openvino

    core = openvino.Core()
    names = ", ".join(str(core.get_property(d, "FULL_DEVICE_NAME")) for d in core.available_devices)
    yield True, f"ONNX and OpenVINO models run on: {names}"


def _trackers() -> Iterator[Finding]:
    import cv2

    yield _has_module("dlib", "visual tracker dlib is there", "install dlib-bin")
    wheels = sorted(
        name
        for name in {dist.metadata["Name"] for dist in metadata.distributions()}
        if name.startswith("opencv-")
    )
    if wheels != ["opencv-contrib-python"]:
        yield (
            False,
            (
                f"several OpenCV wheels overwrite each other ({', '.join(wheels)}): "
                "uninstall all of them, then install opencv-contrib-python"
            ),
        )
    yield hasattr(cv2, "legacy"), "OpenCV's trackers (opencv-csrt, -kcf, -mil, -mosse, ...)"


def _has_module(name: str, good: str, bad: str) -> Finding:
    try:
        __import__(name)
    except ImportError:
        return False, bad
    return True, good


def _display() -> Iterator[Finding]:
    from acme_tracker.video.window import open_screen

    good = open_screen() is not None
    yield good, "--show opens a window" if good else "none: --show goes on without a window"


def _codecs() -> Iterator[Finding]:
    import av

    for name, what in (("h264", "H.264"), ("hevc", "H.265"), ("av1", "AV1"), ("mpeg4", "MPEG-4")):
        if name not in av.codecs_available:
            yield False, f"{what} videos cannot be read"
    good = "libx264" in av.codecs_available
    yield good, "annotated videos are written as H.264" if good else "no H.264 encoder in PyAV"


def _cameras() -> Iterator[Finding]:
    if sys.platform != "linux":
        yield True, "try `acme-tracker track 0` for the first one"
        return
    from pathlib import Path

    found = sorted(path.name for path in Path("/dev").glob("video*"))
    good = f"{', '.join(found)}: `acme-tracker track {found[0][5:]}`" if found else ""
    yield bool(found), good or "none under /dev/video*"


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(".").free / 2**30
    yield free > 1, f"{free:.0f} GiB free in this folder"


EXAMINATIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "program": _program,
    "processor": _processor,
    "CUDA": _cuda,
    "OpenVINO": _openvino,
    "trackers": _trackers,
    "display": _display,
    "codecs": _codecs,
    "cameras": _cameras,
    "disk": _disk,
}
