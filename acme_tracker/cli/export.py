"""`acme-tracker export`: a trained detector as a folder that `track` and others can run."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape

from acme_tracker.cli.console import errors, output
from acme_tracker.errors import ConfigError
from acme_tracker.resources import models_dir

if TYPE_CHECKING:  # they load torch, for which `acme-tracker --help` should not wait
    from acme_tracker.training.quantising import Quantised

_COMPARED = 8  # pictures


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A run's folder or its best.safetensors, an exported folder, a model's name.",
        ),
    ],
    format_: Annotated[
        Literal["onnx", "openvino"],
        typer.Option("--format", help="openvino: its own format beside the ONNX file."),
    ] = "onnx",
    int8: Annotated[
        bool,
        typer.Option(
            "--int8", help="8-bit integers too, calibrated on --data, if they are worth it."
        ),
    ] = False,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Data set of any known format; may repeat."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Input size, multiples of 32; else that of the training."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder to write; else MODEL/export, for a shipped model ./NAME-export.",
        ),
    ] = None,
) -> None:
    """Write a trained detector as a model's folder, and check it against torch.

    DIR gets card.yaml, model.safetensors (for torch), model.onnx, with --format openvino
    model.xml and .bin, with --int8 model-int8.xml and .bin. Then `track --detector DIR` runs it.
    The files take any number of pictures of any size (multiples of 32). Edit DIR/card.yaml as you
    like: the next export into DIR keeps what is for people, and the thresholds. A new DIR takes
    them from MODEL's card, where that has one, as shipped models do.
    """
    from acme_tracker.datasets import load_image, open_combined
    from acme_tracker.detection.registry import name_of_folder
    from acme_tracker.training import exporting, quantising

    if int8 and not data:
        raise ConfigError("--int8 needs pictures to calibrate on: --data PATH")
    if int8:
        quantising.need_nncf()
    source = exporting.open_source(model)
    sides = source.size if size is None else _size(size)
    folder = out or _folder(source.path.parent)
    images = open_combined(data) if data else None
    shown = () if images is None else quantising.spread(images, _COMPARED)
    pictures = [load_image(image.path) for image in shown]
    what = "pictures" if shown else "pictures of noise"
    for parity in exporting.export(source, folder, sides, format_ == "openvino", pictures):
        output.print(
            f"{parity.file} computes what torch does: boxes within {parity.px:.2g} px, scores "
            f"within {parity.score:.2g}, on {parity.pictures} {what}",
            soft_wrap=True,
        )
    if int8 and images is not None:
        with errors.status("calibrating and measuring 8-bit integers"):
            found = quantising.quantise(source, folder, sides, images)
        _report(found)
    where, name = escape(str(folder)), escape(name_of_folder(folder))
    output.print(f"wrote {where}: `acme-tracker track --detector {name}`", soft_wrap=True)


def _report(found: Quantised) -> None:
    scored = not math.isnan(found.float_ap50)
    ap50 = [
        f"AP50 {value:.2f}, " if scored else "" for value in (found.float_ap50, found.int8_ap50)
    ]
    output.print(f"floats: {ap50[0]}{found.float_ms:.2f} CPU-ms a picture on one thread")
    output.print(f"8 bits: {ap50[1]}{found.int8_ms:.2f} CPU-ms")
    where = f"; AP50 over {found.scored} pictures" if scored else "; nothing is labelled"
    verdict = "kept, as what the CPU runs" if found.worth_it else "dropped: they are not worth it"
    calibration = f"(calibrated on {found.calibrated} pictures{where})"
    output.print(f"8 bits are {verdict} {calibration}", soft_wrap=True)


def _size(text: str) -> tuple[int, int]:
    from acme_tracker.detection.smaller_vgg import fitting

    sides = re.fullmatch(r"(\d+)x(\d+)", text)
    if sides is None:
        raise ConfigError(f"--size wants WIDTHxHEIGHT (640x384), got {text!r}")
    return fitting((int(sides[1]), int(sides[2])))


def _folder(origin: Path) -> Path:
    """`export` in the folder that the weights are in; of a shipped one, which stays as it is, here.

    That has another name than the shipped model: `--detector` would take it for that.
    """
    if origin.resolve().is_relative_to(models_dir().resolve()):
        return Path(f"{origin.name}-export")
    return origin / "export"
