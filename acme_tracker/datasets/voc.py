"""Pascal VOC: one XML an image, in Annotations/ with JPEGImages/, or beside the pictures.

Pixels count from 1 and `xmax`, `ymax` are inside the box: both are turned into ours. `difficult`
boxes are to ignore. ImageSets/Main/{train,val,test}.txt give the splits, else folders so called.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element

from acme_tracker.datasets.building import SPLITS, DatasetBuilder, choose_splits
from acme_tracker.datasets.images import IMAGE_SUFFIXES, list_images
from acme_tracker.datasets.problems import FileError, Problems
from acme_tracker.datasets.text import line_of, numbers, read_lines, read_xml, whole
from acme_tracker.datasets.types import DetectionDataset

LOOKED_FOR = "Annotations/*.xml with JPEGImages/, or *.xml beside the pictures"


def find(path: Path) -> bool:
    """Whether VOC annotations lie at a folder."""
    first = next((file for files in _files(path).values() for file in files), None)
    if first is None:
        return False
    with first.open("rb") as file:
        head = file.read(400).replace(b"\x00", b"")
    return re.search(rb"<\s*annotation[\s>]", head) is not None  # LabelImg: verified="yes"


def read(path: Path, split: str | None, problems: Problems) -> DetectionDataset:
    """Every split, or the one wanted."""
    files = _files(path)
    builder = DatasetBuilder("voc", path, problems, None)
    pictures = {_key(image): image for image in list_images(path)}
    used = set()
    for name in choose_splits(files, split, path):
        for file in files[name]:
            try:
                used.add(_read_file(file, name, pictures, builder))
            except FileError as error:
                problems.caught(error)
    if split is None:
        for image in pictures.values():
            if image not in used and "Segmentation" not in image.parent.name:
                problems.warn(image, "image without an annotation file: left out")
    return builder.build()


def _key(image: Path) -> tuple[str, str]:
    """Pictures are found by the folder above and the stem, whatever their suffix."""
    return str(image.parent), image.stem


def _files(path: Path) -> dict[str, list[Path]]:
    """Annotation files by split."""
    if not path.is_dir():
        return {}
    annotations = path / "Annotations"
    if annotations.is_dir():
        lists = path / "ImageSets" / "Main"
        listed = {name: lists / f"{name}.txt" for name in (*SPLITS, "trainval")}
        there = {name: file for name, file in listed.items() if file.is_file()}
        if len(there) > 1:
            there.pop("trainval", None)  # the others again
        if not there:
            return {"": sorted(annotations.glob("*.xml"))}
        return {name: _listed(file, annotations) for name, file in there.items()}
    folders = {name: sorted((path / name).glob("*.xml")) for name in SPLITS}
    folders = {name: files for name, files in folders.items() if files}
    return folders or {"": sorted(path.glob("*.xml"))}


def _listed(file: Path, annotations: Path) -> list[Path]:
    """The first word of a line is an image's stem; in class lists a flag follows."""
    stems = [
        text.split()[0] if text.split()[-1] in ("1", "-1", "0") else text
        for _, text in read_lines(file)
    ]
    return [annotations / f"{stem}.xml" for stem in stems]


def _read_file(
    file: Path, split: str, pictures: dict[tuple[str, str], Path], builder: DatasetBuilder
) -> Path:
    root = read_xml(file)
    if root.tag != "annotation":
        raise FileError(file, f"wanted <annotation>, got <{root.tag}>", line_of(root))
    image = _picture(file, root, pictures)
    builder.image(image, image.name, split, _size(root))
    for element in root.iter("object"):
        try:
            _read_object(element, builder)
        except ValueError as error:
            builder.lost_box(file, str(error), line_of(element))
    return image


def _picture(file: Path, root: Element, pictures: dict[tuple[str, str], Path]) -> Path:
    """By the annotation file's own stem, else by the <filename> that it says."""
    said = Path((root.findtext("filename") or "").strip().replace("\\", "/")).name
    stems = [file.stem, Path(said).stem if Path(said).suffix.lower() in IMAGE_SUFFIXES else said]
    for folder in (file.parent.parent / "JPEGImages", file.parent, file.parent.parent / "images"):
        for stem in stems:
            if (str(folder), stem) in pictures:
                return pictures[str(folder), stem]
    raise FileError(file, f"image {said or file.stem} is missing")


def _size(root: Element) -> tuple[int, int] | None:
    try:
        width, height = (whole(root.findtext(f"size/{side}")) for side in ("width", "height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _read_object(element: Element, builder: DatasetBuilder) -> None:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError("object has no name")
    words = [element.findtext(f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")]
    if None in words:
        raise ValueError("object must have bndbox with xmin, ymin, xmax, ymax")
    left, top, right, bottom = numbers(words)
    if right < left or bottom < top:
        raise ValueError(f"box must not be inverted, got {left:g} {top:g} {right:g} {bottom:g}")
    difficult = (element.findtext("difficult") or "0").strip() not in ("", "0")
    # Tools that count from 0 write edges of 0; they must not become -1.
    builder.box((max(left - 1, 0), max(top - 1, 0), right, bottom), name, difficult)
