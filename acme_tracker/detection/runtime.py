"""Runs network files: OpenVINO on the CPU, ONNX Runtime on CUDA."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from acme_tracker.datatypes import Floats
from acme_tracker.errors import DetectorError

Blob = Floats | NDArray[np.uint8]
Shape = tuple[int | None, ...]  # None: any length
Device = Literal["auto", "cpu", "cuda"]

_CACHE_PATIENCE_S = 30  # to compile takes a second or two


class Network(Protocol):
    """A network with one input and any number of outputs, in the order of its file.

    Attributes:
        device: where it computes, "cpu" or "cuda".
    """

    device: str
    input_shape: Shape
    output_shapes: list[Shape]

    def __call__(self, blob: Blob) -> list[Floats]: ...


class OpenVinoNetwork:
    """An ONNX file or OpenVINO IR on the CPU, with a fixed number of threads."""

    device = "cpu"

    def __init__(
        self,
        path: Path,
        threads: int,
        picture_size: tuple[int, int] | None = None,
        exact: bool = False,
    ) -> None:
        """Read and compile a network.

        Args:
            path: an ONNX file, or an IR's .xml.
            threads: of the processor.
            picture_size: (width, height) of pictures (1, H, W, 3), BGR bytes, that it is to take in
                place of floats (1, 3, H, W), RGB.
            exact: compute in float32, also where the processor has faster formats.

        Raises:
            DetectorError: the file is damaged, or cannot take such pictures.
        """
        import openvino

        if not _is_network(path):
            raise DetectorError(_unreadable(path))
        options: dict[str, Any] = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        if exact:
            options["INFERENCE_PRECISION_HINT"] = "f32"
        core, model = openvino.Core(), str(path)
        try:
            with kept_signal_stack(), _own_cache(path) as cache:
                if cache is not None:
                    options["CACHE_DIR"] = str(cache)
                if picture_size is not None:
                    model = _taking_pictures(core.read_model(model), picture_size)
                compiled = core.compile_model(model, "CPU", options)
        except RuntimeError:
            raise DetectorError(_unreadable(path)) from None
        self.input_shape = _static(compiled.input(0).partial_shape)
        self.output_shapes = [_static(output.partial_shape) for output in compiled.outputs]
        self._request = compiled.create_infer_request()

    def __call__(self, blob: Blob) -> list[Floats]:
        answers = self._request.infer(blob, share_inputs=True)
        return [np.array(value) for value in answers.to_tuple()]


class _SignalStack(ctypes.Structure):
    """Linux's stack_t."""

    _fields_: ClassVar = [
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    ]


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Leave the calling thread the stack for signals that it has, or none.

    To compile a network, OpenVINO gives it another one, and takes the memory away when the network
    goes: the next signal after that (Ctrl-C, the end of a child process) would crash the program.
    """
    if sys.platform != "linux":
        yield
        return
    system, before = ctypes.CDLL(None), _SignalStack()
    system.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        system.sigaltstack(ctypes.byref(before), None)


class OnnxRuntimeNetwork:
    """An ONNX file through ONNX Runtime."""

    def __init__(self, path: Path, providers: Sequence[str]) -> None:
        import onnxruntime

        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=list(providers))
        except Exception:  # its exceptions share no base but this
            raise DetectorError(_unreadable(path)) from None
        self._input = self._session.get_inputs()[0].name
        self.input_shape = _named(self._session.get_inputs()[0].shape)
        self.output_shapes = [_named(output.shape) for output in self._session.get_outputs()]
        used = self._session.get_providers()[0]
        self.device = "cuda" if used == "CUDAExecutionProvider" else "cpu"

    def __call__(self, blob: Blob) -> list[Floats]:
        return [np.asarray(value) for value in self._session.run(None, {self._input: blob})]


def open_network(path: Path, device: Device, threads: int) -> Network:
    """The network of a file where `device` wants it; `auto` is CUDA only where that works."""
    problem = missing_file(path)
    if problem:
        raise DetectorError(problem)
    if device == "cuda" or (
        device == "auto" and path.suffix == ".onnx" and _cuda_problem() is None
    ):
        return _on_cuda(path)
    return OpenVinoNetwork(path, threads)


def cache_dir() -> Path | None:
    """Where compiled networks are kept between runs; None where nothing can be written."""
    try:
        folder = _cache_base() / "acme-tracker" / "openvino"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home
        return None
    return folder if os.access(folder, os.W_OK) else None


@contextmanager
def _own_cache(path: Path) -> Iterator[Path | None]:
    """A folder for a network's compiled forms that no other process uses meanwhile, if any.

    OpenVINO reads, by mapping it into memory, what another process may be writing: two programs
    started at once for the first time found the network damaged, or crashed.
    """
    cache = cache_dir()
    folder = None if cache is None else cache / _fingerprint(path)
    if folder is None:
        yield None
        return
    lock = FileLock(folder.with_suffix(".lock"), timeout=_CACHE_PATIENCE_S)
    try:
        lock.acquire()
    except (OSError, NotImplementedError):  # still in use (a Timeout), or a disk without locks
        yield None
        return
    try:
        yield folder
    finally:
        lock.release()


def _cache_base() -> Path:
    """Where this system keeps what can be made again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _fingerprint(path: Path) -> str:
    """A folder's name for a file's version: OpenVINO's own key misses quick changes."""
    stats = [file.stat() for file in _files(path)]
    told = [str(path.resolve()), *(f"{stat.st_size} {stat.st_mtime_ns}" for stat in stats)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _files(path: Path) -> tuple[Path, ...]:
    """A network's files: an OpenVINO .xml has its weights beside it."""
    return (path, path.with_suffix(".bin")) if path.suffix == ".xml" else (path,)


def torch_device(wanted: Device) -> Literal["cpu", "cuda"]:
    """Where torch computes; DetectorError if that is to be CUDA and there is none."""
    if wanted == "cpu" or (wanted == "auto" and not _has_gpu_driver()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise DetectorError(
            "--device cuda: this machine has no CUDA GPU that torch can use; take --device cpu"
        )
    return "cpu"


def _has_gpu_driver() -> bool:
    """Whether torch need be asked at all: to load it takes seconds and hundreds of megabytes."""
    libraries = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libamdhip64.so")
    for library in libraries:
        with suppress(OSError):
            ctypes.CDLL(library)
            return True
    return False


def _cuda_problem() -> str | None:
    """Why ONNX Runtime cannot use a GPU here, None if it can."""
    try:
        import onnxruntime
    except ImportError:
        providers = []
    else:
        providers = onnxruntime.get_available_providers()
    if "CUDAExecutionProvider" not in providers:
        return "ONNX files run on CUDA through onnxruntime-gpu: pip install onnxruntime-gpu"
    import torch

    return None if torch.cuda.is_available() else "this machine has no CUDA GPU that torch can use"


def _on_cuda(path: Path) -> OnnxRuntimeNetwork:
    if path.suffix != ".onnx":
        raise DetectorError(
            f"--device cuda: {path.name} is an OpenVINO file, which runs on the "
            "CPU only; take --device cpu"
        )
    problem = _cuda_problem()
    if problem:
        raise DetectorError(f"--device cuda: {problem}, or take --device cpu")
    import onnxruntime

    onnxruntime.preload_dlls()  # those that torch's wheels brought
    network = OnnxRuntimeNetwork(path, ["CUDAExecutionProvider", "CPUExecutionProvider"])
    if network.device != "cuda":
        raise DetectorError(
            "--device cuda: onnxruntime-gpu cannot load CUDA's libraries here; "
            "mend its installation or take --device cpu"
        )
    return network


def missing_file(path: Path) -> str:
    """What is wrong with a network's files before they are read, "" if nothing."""
    for needed in _files(path):
        if not needed.is_file():
            return f"no weights file {needed}"
        if not needed.stat().st_size:
            return f"weights file {needed} is empty"
    return ""


def _is_network(path: Path) -> bool:
    """Whether a file begins as an ONNX or OpenVINO network does.

    OpenVINO would try its readers of other formats on it, which print what they think of it.
    """
    from openvino.frontend import FrontEndManager

    readers = FrontEndManager()
    return any(readers.load_by_framework(name).supported(str(path)) for name in ("onnx", "ir"))


def _unreadable(path: Path) -> str:
    return f"weights file {path} is damaged, or is no ONNX or OpenVINO network"


def _taking_pictures(model: Any, size: tuple[int, int]) -> Any:
    """A network (1, 3, H, W) of floats, RGB, with conversion from (1, H, W, 3) of bytes, BGR."""
    from openvino import Layout, Type, preprocess

    steps = preprocess.PrePostProcessor(model)
    picture = steps.input().tensor()
    picture.set_element_type(Type.u8).set_layout(Layout("NHWC"))
    picture.set_color_format(preprocess.ColorFormat.BGR)
    steps.input().model().set_layout(Layout("NCHW"))
    convert = steps.input().preprocess()
    convert.convert_element_type(Type.f32).convert_color(preprocess.ColorFormat.RGB)
    model = steps.build()
    model.reshape([1, size[1], size[0], 3])
    return model


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Give torch so many threads, and as many as before afterwards: others want fewer."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _static(shape: Any) -> Shape:
    return tuple(None if side.is_dynamic else int(side.get_length()) for side in shape)


def _named(shape: Sequence[int | str | None]) -> Shape:
    return tuple(side if isinstance(side, int) else None for side in shape)
