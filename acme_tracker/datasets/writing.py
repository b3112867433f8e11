"""What all writers share: the target folder, the names of the images in it, and the masks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

import numpy as np

from acme_tracker.datasets.types import DetectionDataset
from acme_tracker.errors import OutputError

SOURCES = "sources.json"


class Placement(StrEnum):
    """How pictures come into the new folder."""

    LINK = "link"
    COPY = "copy"


@dataclass(frozen=True)
class Left:
    """Something that the format cannot say, and how many of it were left out."""

    what: str
    count: int


@dataclass(frozen=True)
class Written:
    """What a writer wrote."""

    folder: Path
    images: int
    boxes: int
    left_out: tuple[Left, ...] = ()


def prepare(out: Path, entries: Iterable[str], sources: Iterable[Path], overwrite: bool) -> None:
    """Make the folder. With `overwrite` its `entries`, which a writer writes anew, go first.

    Raises:
        OutputError: it has files and `overwrite` is not set, or the sources lie in it.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file: wanted a folder to write to")
    if out.is_dir() and any(out.iterdir()):
        if not overwrite:
            raise OutputError(f"{out} is not empty: choose another folder, or --overwrite")
        inside = out.resolve()
        if any(_lies_in(source, inside) for source in sources):
            raise OutputError(f"{out} holds images that are to be read: choose another folder")
    for entry in entries:
        _remove(out / entry)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {out}: {error.strerror}") from None


def _lies_in(source: Path, inside: Path) -> bool:
    """Whether a file, or what it links to, is in a resolved folder: a link would lead to itself."""
    here = source.parent.resolve() / source.name  # whatever it leads to
    return here.is_relative_to(inside) or source.resolve().is_relative_to(inside)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)  # does not follow links: what they point to stays


def safe_name(name: str) -> str:
    """A relative path without `..` and without characters that label formats cannot hold."""
    printable = "".join(c if c.isprintable() else "_" for c in name)
    parts = [part for part in PurePosixPath(printable).parts if part not in ("/", "..", ".")]
    return "/".join(parts) or "unnamed"


def output_names(dataset: DetectionDataset) -> list[str]:
    """`split/name` for each image: no two with the same stem, whatever the case of its letters."""
    taken: set[str] = set()
    pairs = zip(dataset.splits, dataset.names, strict=True)
    return [output_name(split, name, taken) for split, name in pairs]


def output_name(split: str, name: str, taken: set[str]) -> str:
    """`split/name` of the next image, with a number if its stem is among those taken; adds it."""
    path = PurePosixPath(safe_name(split or "train").replace("/", "_"), safe_name(name))
    candidate, number = path, 1
    while str(candidate.with_suffix("")).casefold() in taken:
        number += 1
        candidate = path.with_name(f"{path.stem}_{number}{path.suffix}")
    taken.add(str(candidate.with_suffix("")).casefold())
    return str(candidate)


def place(source: Path, target: Path, placement: Placement) -> None:
    """Link or copy one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if placement is Placement.COPY:
            shutil.copyfile(source, target)
        else:
            target.symlink_to(source.resolve())
    except OSError as error:
        verb = placement.value
        raise OutputError(f"cannot {verb} {source} to {target}: {error.strerror}") from None


def place_images(
    dataset: DetectionDataset, names: Sequence[str], out: Path, placement: Placement
) -> None:
    """Every image to images/<name>."""
    for path, name in zip(dataset.paths, names, strict=True):
        place(Path(path), out / "images" / name, placement)


def write_masks(dataset: DetectionDataset, names: Sequence[str], out: Path) -> None:
    """sources.json with the images by what is labelled on them, if something is not."""
    if dataset.labelled.all():
        return
    masks, group = np.unique(dataset.labelled, axis=0, return_inverse=True)
    content = {
        f"group_{number + 1}": {
            "labelled_classes": [c for c, on in zip(dataset.classes, mask, strict=True) if on],
            "images": [names[i] for i in np.flatnonzero(group.reshape(-1) == number).tolist()],
        }
        for number, mask in enumerate(masks)
    }
    write_json(out / SOURCES, content)


def write_json(path: Path, content: object) -> None:
    """Indented by one: readable, and a line an item for version control."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    part = path.with_name(path.name + ".part")  # who reads meanwhile finds the old file whole
    part.write_text(text + "\n", encoding="utf-8", errors="surrogateescape")
    part.replace(path)


def region_note(dataset: DetectionDataset) -> tuple[Left, ...]:
    """For formats that have no way to say that a box is to ignore."""
    count = int(dataset.boxes.ignore.sum())
    return (Left("boxes to ignore: the format has no way to say it", count),) if count else ()
