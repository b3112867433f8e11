"""CVAT's "images 1.1": annotations.xml with images/, to mend labels in CVAT and read them back.

Boxes to ignore carry the attribute `ignore`; regions without class have the label "ignore".
Polygons, polylines, ellipses and masks count as the box around them.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from acme_tracker.datasets.building import SPLITS, DatasetBuilder, choose_splits
from acme_tracker.datasets.images import NamedPictures
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import line_of, numbers, read_xml, whole
from acme_tracker.datasets.types import REGION, DetectionDataset, LabelledImage
from acme_tracker.datasets.writing import (
    SOURCES,
    Placement,
    Written,
    output_names,
    place_images,
    prepare,
    write_masks,
)
from acme_tracker.errors import DatasetError

LOOKED_FOR = "annotations.xml that begins with <annotations>"
_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "mask")
_NO_SHAPES = ("tag", "attribute")


def find(path: Path) -> bool:
    """Whether CVAT's annotations.xml lies in a folder, or this file is one."""
    file = _file(path)
    if not file.is_file() or file.suffix.lower() != ".xml":
        return False
    with file.open("rb") as opened:
        return b"<annotations>" in opened.read(400)


def _file(path: Path) -> Path:
    return path / "annotations.xml" if path.is_dir() else path


def read(path: Path, split: str | None, problems: Problems) -> DetectionDataset:
    """Splits are CVAT's subsets; a task's export says none: there, folders of images called so."""
    file = _file(path)
    root = read_xml(file)
    if root.tag != "annotations":
        raise DatasetError(f"{file}:{line_of(root)}: wanted <annotations>, got <{root.tag}>")
    if root.find("track") is not None:
        raise DatasetError(f"{file}: is CVAT for video: export it as MOT or as CVAT for images")
    names = [(label.text or "").strip() for label in root.iterfind("meta//labels/label/name")]
    classes = [name for name in dict.fromkeys(names) if name != "ignore"]
    builder = DatasetBuilder("cvat", file.parent, problems, classes or None)
    images = list(root.iterfind("image"))
    splits = choose_splits(dict.fromkeys(_split(image) for image in images), split, path)
    pictures = NamedPictures(file.parent, map(_spellings, images))
    for image in images:
        if _split(image) in splits:
            _read_image(file, image, pictures, builder)
    return builder.build()


def _split(image: Element) -> str:
    subset = image.get("subset", "")
    if subset not in ("", "default"):
        return subset
    folder, inside, _ = _name(image).partition("/")
    return folder if inside and folder in SPLITS else ""


def _name(image: Element) -> str:
    """Within images/, where a task made of the whole folder has it too."""
    return image.get("name", "").removeprefix("images/")


def _spellings(image: Element) -> list[str]:
    """Where its picture may lie: in images/ or beside it, in a folder of its split or not."""
    name, split = _name(image), _split(image)
    inner = [name, f"{split}/{name}"] if split else [name]
    return [base + path for base in ("images/", "") for path in inner]


def _read_image(
    file: Path, image: Element, pictures: NamedPictures, builder: DatasetBuilder
) -> None:
    name, split = _name(image), _split(image)
    path = pictures.find(_spellings(image))
    if path is None:
        builder.problems.error(file, f"image {name!r} is missing", line_of(image))
        return
    builder.image(path, name.removeprefix(f"{split}/"), split, _size(image))
    for shape in image:
        if shape.tag in _NO_SHAPES:
            continue
        try:
            builder.box(_xyxy(shape), shape.get("label", ""), _ignored(shape))
        except ValueError as error:
            builder.lost_box(file, str(error), line_of(shape))
        if (shape.get("rotation") or "0").strip("0.") != "":
            builder.problems.warn(file, "box is rotated: taken upright", line_of(shape))


def _size(image: Element) -> tuple[int, int] | None:
    try:
        return whole(image.get("width")), whole(image.get("height"))
    except ValueError:
        return None


def _xyxy(shape: Element) -> list[float]:
    if shape.tag == "box":
        return numbers(shape.get(edge) for edge in ("xtl", "ytl", "xbr", "ybr"))
    if shape.tag == "mask":
        left, top, width, height = numbers(shape.get(k) for k in ("left", "top", "width", "height"))
        return [left, top, left + width, top + height]
    if shape.tag == "ellipse":
        x, y, across, down = numbers(shape.get(key) for key in ("cx", "cy", "rx", "ry"))
        return [x - across, y - down, x + across, y + down]
    if shape.tag not in _SHAPES:
        raise ValueError(f"a {shape.tag} is no box, nor can one be put around it")
    words = shape.get("points", "").replace(";", ",").split(",")
    values = numbers(words)
    return [min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])]


def _ignored(shape: Element) -> bool:
    marks = (a.text or "" for a in shape.iterfind("attribute") if a.get("name") == "ignore")
    return any(mark.strip().lower() in ("true", "1") for mark in marks)


def write(
    dataset: DetectionDataset, out: Path, placement: Placement, overwrite: bool = False
) -> Written:
    """annotations.xml, to upload to a CVAT task made from the pictures in images/."""
    prepare(out, ("images", "annotations.xml", SOURCES), map(Path, dataset.paths), overwrite)
    names = output_names(dataset)
    place_images(dataset, names, out, placement)
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    labels = SubElement(SubElement(SubElement(root, "meta"), "task"), "labels")
    for name in (*dataset.classes, "ignore"):
        _write_label(SubElement(labels, "label"), name)
    for number, (image, name) in enumerate(zip(dataset, names, strict=True)):
        _write_image(SubElement(root, "image", id=str(number), name=name), image, dataset)
    ET.indent(root)
    tree = ET.ElementTree(root)
    tree.write(out / "annotations.xml", encoding="utf-8", xml_declaration=True)
    write_masks(dataset, names, out)
    return Written(out, len(dataset), len(dataset.boxes))


def _write_label(label: Element, name: str) -> None:
    SubElement(label, "name").text = name
    attribute = SubElement(SubElement(label, "attributes"), "attribute")
    described = {"name": "ignore", "mutable": "False", "input_type": "checkbox"}
    for key, value in {**described, "default_value": "false", "values": "false"}.items():
        SubElement(attribute, key).text = value


def _write_image(element: Element, image: LabelledImage, dataset: DetectionDataset) -> None:
    width, height = image.size
    element.attrib |= {"width": str(width), "height": str(height)}
    element.set("subset", element.get("name", "").split("/")[0])
    for xyxy, class_id, ignore in zip(image.xyxy, image.class_id, image.ignore, strict=True):
        edges = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{v:.3f}" for v in xyxy), strict=True))
        label = "ignore" if class_id == REGION else dataset.classes.names[class_id]
        named = {"label": label, "source": "manual", "occluded": "0", **edges}
        box = SubElement(element, "box", named)
        SubElement(box, "attribute", name="ignore").text = "true" if ignore else "false"
