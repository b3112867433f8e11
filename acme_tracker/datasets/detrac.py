"""UA-DETRAC: one XML a sequence, with `ignored_region` boxes that hold for all of its frames.

Pictures are looked for in a folder called like the sequence: beside the XML, or up to two folders
above it, also inside `Insight-MVT_Annotation_*`, `DETRAC-*` or `images`.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from acme_tracker.datasets.building import RowsBuilder, first_size
from acme_tracker.datasets.images import list_images
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import line_of, numbers, read_xml, whole
from acme_tracker.datasets.types import REGION, Sequence
from acme_tracker.datatypes import ClassList
from acme_tracker.errors import DatasetError

LOOKED_FOR = "*.xml that begin with <sequence name=...>"
CLASSES = ("car", "bus", "van", "others")
FRAME_RATE = 25.0
SIZE = (960, 540)
_MOST_FRAMES = 100_000  # regions are repeated on each: a slip of the pen must not fill memory
_PICTURE_FOLDERS = ("", "Insight-MVT_Annotation_*", "DETRAC-*", "images")


def find(path: Path) -> bool:
    """Whether UA-DETRAC files lie at a folder, or this file is one."""
    return bool(_files(path))


def read(path: Path, strict: bool = False) -> list[Sequence]:
    """One sequence a file."""
    return [_read_file(file, Problems(strict)) for file in _files(path)]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        candidates = [path] if path.suffix.lower() == ".xml" else []
    else:
        candidates = sorted([*path.glob("*.xml"), *path.glob("*/*.xml")])
    # The first file tells: a VOC folder of 10,000 files is not opened file by file.
    if not candidates or not _is_sequence(candidates[0]):
        return []
    return [file for file in candidates if _is_sequence(file)]


def _is_sequence(path: Path) -> bool:
    with path.open("rb") as file:
        return b"<sequence" in file.read(400)


def _read_file(path: Path, problems: Problems) -> Sequence:
    root = read_xml(path)
    if root.tag != "sequence":
        raise DatasetError(f"{path}:{line_of(root)}: wanted <sequence>, got <{root.tag}>")
    name = root.get("name") or path.stem
    folder = _pictures(path, name)
    pictures = list_images(folder, deep=False) if folder else []
    regions = _regions(path, root, problems)
    rows = RowsBuilder()
    length = len(pictures)
    for frame in root.iter("frame"):
        try:
            length = max(length, _read_frame(path, frame, rows, problems))
        except ValueError as error:
            problems.error(path, f"frame num: {error}", line_of(frame))
    for xyxy in regions:
        for index in range(length):
            rows.row(index, REGION, xyxy, REGION, scored=False)
    return Sequence(
        name,
        folder,
        FRAME_RATE,
        first_size(pictures, problems) or SIZE,
        length,
        ClassList(tuple(CLASSES)),
        rows.build(),
        "ua-detrac",
        tuple(problems.found),
    )


def _pictures(path: Path, name: str) -> Path | None:
    for near in list(path.parents)[:3]:
        for inner in _PICTURE_FOLDERS:
            for folder in sorted(near.glob(inner)) if inner else [near]:
                if (folder / name).is_dir():
                    return folder / name
    return None


def _regions(path: Path, root: Element, problems: Problems) -> list[list[float]]:
    found = []
    for box in root.iterfind("ignored_region/box"):
        try:
            xyxy = _xyxy(box)
            if xyxy[2] > xyxy[0] and xyxy[3] > xyxy[1]:
                found.append(xyxy)
        except ValueError as error:
            problems.error(path, f"ignored_region: {error}", line_of(box))
    return found


def _read_frame(path: Path, frame: Element, rows: RowsBuilder, problems: Problems) -> int:
    """Add the frame's targets; its 1-based number."""
    number = whole(frame.get("num"))
    if not 1 <= number <= _MOST_FRAMES:
        raise ValueError(f"must be 1 to {_MOST_FRAMES}, got {number}")
    for target in frame.iter("target"):
        try:
            box, attribute = target.find("box"), target.find("attribute")
            if box is None or attribute is None:
                raise ValueError("target must have a box and an attribute")
            kind = (attribute.get("vehicle_type") or "").lower()
            if kind not in CLASSES:
                raise ValueError(f"vehicle_type {kind!r} is none of {', '.join(CLASSES)}")
            rows.row(number - 1, whole(target.get("id")), _xyxy(box), CLASSES.index(kind))
        except ValueError as error:
            problems.error(path, str(error), line_of(target))
    return number


def _xyxy(box: Element) -> list[float]:
    left, top, width, height = numbers(box.get(key) for key in ("left", "top", "width", "height"))
    return [left, top, left + width, top + height]
