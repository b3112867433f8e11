"""Label Studio: tasks.json with images/, to mend labels there and read its JSON export back.

Boxes are per cent of the image. Boxes to ignore carry the choice "ignore"; regions without class
have the label "ignore". A task without annotation is unlabelled, one with an empty annotation is
background.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import quoteattr

from acme_tracker.datasets.building import DatasetBuilder, choose_splits
from acme_tracker.datasets.images import image_size, list_images
from acme_tracker.datasets.problems import FileError, Problems
from acme_tracker.datasets.text import numbers, read_json
from acme_tracker.datasets.types import REGION, DetectionDataset, LabelledImage
from acme_tracker.datasets.writing import (
    SOURCES,
    Placement,
    Written,
    output_names,
    place_images,
    prepare,
    write_json,
    write_masks,
)
from acme_tracker.errors import DatasetError

LOOKED_FOR = "tasks.json (or one *.json that holds a list of tasks with data and annotations)"
_LOCAL = "/data/local-files/?d="
_CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
{labels}
  </RectangleLabels>
  <Choices name="ignore" toName="image" perRegion="true"><Choice value="ignore"/></Choices>
</View>
"""


def find(path: Path) -> bool:
    """Whether a list of tasks lies in a folder, or this file is one."""
    return _file(path) is not None


def _file(path: Path) -> Path | None:
    candidates = [path] if path.is_file() else [path / "tasks.json", *sorted(path.glob("*.json"))]
    for file in candidates:
        if file.is_file() and file.suffix.lower() == ".json":
            with file.open("rb") as opened:
                head = opened.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
            if head.startswith(b"["):
                return file
    return None


def read(path: Path, split: str | None, problems: Problems) -> DetectionDataset:
    """Splits are what the tasks' data call `split`."""
    file = _file(path)
    if file is None:
        raise DatasetError(f"{path}: wanted {LOOKED_FOR}")
    tasks = read_json(file)
    if not all(isinstance(task, dict) and isinstance(task.get("data"), dict) for task in tasks):
        raise DatasetError(f"{file}: wanted a list of tasks with `data`, as Label Studio exports")
    splits = choose_splits(dict.fromkeys(_split(task) for task in tasks), split, path)
    builder = DatasetBuilder("label-studio", file.parent, problems, _declared(file.parent))
    pictures: dict[str, Path] = {}
    for image in list_images(file.parent):
        pictures[image.name] = pictures[image.relative_to(file.parent).as_posix()] = image
    for number, task in enumerate(tasks):
        if _split(task) in splits:
            _read_task(file, number, task, pictures, builder)
    return builder.build()


def _split(task: dict[str, Any]) -> str:
    return str(task["data"].get("split") or "")


def _declared(folder: Path) -> list[str] | None:
    """The classes of the labelling configuration that the writer left, in their order."""
    try:
        names = read_json(folder / "classes.json")
    except DatasetError:
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def _read_task(
    file: Path, number: int, task: dict[str, Any], pictures: dict[str, Path], to: DatasetBuilder
) -> None:
    url = str(task["data"].get("image") or next(iter(task["data"].values()), ""))
    place, name = f"tasks[{number}]", _path_in(url)
    path = next((pictures[n] for n in _possible(name) if n in pictures), None)
    if path is None:
        to.problems.error(file, f"{place}: image {name!r} is missing")
        return
    try:
        size = image_size(path)
    except FileError as error:
        to.problems.caught(error)
        return
    done = [a for a in task.get("annotations") or () if not a.get("was_cancelled")]
    split = _split(task)
    kept = name.removeprefix("images/").removeprefix(f"{split}/") if split else name
    to.image(path, kept, split, size, labelled=bool(done))
    if done:
        _read_results(file, place, done[-1].get("result") or [], size, to)


def _path_in(url: str) -> str:
    """The path that a task's image address speaks of."""
    parts = urlsplit(url)
    if "d" in (query := parse_qs(parts.query)):
        return query["d"][0]
    return unquote(parts.path)


def _possible(name: str) -> list[str]:
    """As written, its tail, its bare name, and that without the prefix that uploads get."""
    bare = name.rsplit("/", 1)[-1]
    tails = [name[at + 1 :] for at, letter in enumerate(name) if letter == "/"]
    return [name, *tails, re.sub(r"^[0-9a-f]{8}-", "", bare)]


def _read_results(
    file: Path, place: str, results: list[Any], size: tuple[int, int], to: DatasetBuilder
) -> None:
    ignored = {
        r.get("id") for r in results if "ignore" in (r.get("value", {}).get("choices") or ())
    }
    for number, result in enumerate(results):
        if result.get("type") != "rectanglelabels":
            continue
        where, value = f"{place}.result[{number}]", result.get("value", {})
        try:
            keys = ("x", "y", "width", "height")
            left, top, width, height = numbers(value.get(key) for key in keys)
            label = str((value.get("rectanglelabels") or [""])[0])
            per_x, per_y = size[0] / 100, size[1] / 100
            xyxy = left * per_x, top * per_y, (left + width) * per_x, (top + height) * per_y
            to.box(xyxy, label, result.get("id") in ignored)
        except ValueError as error:
            to.lost_box(file, f"{where}: {error}")
        if value.get("rotation"):
            to.problems.warn(file, f"{where}: box is rotated: taken upright")


def write(
    dataset: DetectionDataset, out: Path, placement: Placement, overwrite: bool = False
) -> Written:
    """tasks.json and label_config.xml to import; `out` is the document root of local files."""
    entries = ("images", "tasks.json", "label_config.xml", "classes.json", SOURCES)
    prepare(out, entries, map(Path, dataset.paths), overwrite)
    names = output_names(dataset)
    place_images(dataset, names, out, placement)
    pairs = zip(dataset, names, strict=True)
    tasks = [_task(number, image, name, dataset) for number, (image, name) in enumerate(pairs, 1)]
    write_json(out / "tasks.json", tasks)
    write_json(out / "classes.json", list(dataset.classes))
    labels = [f"    <Label value={quoteattr(c)}/>" for c in (*dataset.classes, "ignore")]
    config = _CONFIG.format(labels="\n".join(labels))
    (out / "label_config.xml").write_text(config, encoding="utf-8")
    write_masks(dataset, names, out)
    return Written(out, len(dataset), len(dataset.boxes))


def _task(
    number: int, image: LabelledImage, name: str, dataset: DetectionDataset
) -> dict[str, Any]:
    width, height = image.size
    results: list[dict[str, Any]] = []
    for row, (xyxy, class_id) in enumerate(zip(image.xyxy.tolist(), image.class_id, strict=True)):
        left, top, right, bottom = xyxy
        value: dict[str, Any] = {
            "x": 100 * left / width,
            "y": 100 * top / height,
            "width": 100 * (right - left) / width,
            "height": 100 * (bottom - top) / height,
        }
        label = "ignore" if class_id == REGION else dataset.classes.names[class_id]
        shared = {"id": f"{number}-{row}", "to_name": "image", "image_rotation": 0}
        shared |= {"original_width": width, "original_height": height}
        named = {"rotation": 0, "rectanglelabels": [label]}
        results.append(
            {**shared, "from_name": "label", "type": "rectanglelabels", "value": value | named}
        )
        if image.ignore[row] and class_id != REGION:
            chosen = value | {"choices": ["ignore"]}
            results.append({**shared, "from_name": "ignore", "type": "choices", "value": chosen})
    split, url = name.split("/", maxsplit=1)[0], _LOCAL + quote(f"images/{name}")
    annotations = [{"result": results}] if image.labelled.any() or results else []
    return {"id": number, "data": {"image": url, "split": split}, "annotations": annotations}
