"""Label Studio: tasks.json with images/, to mend labels there and read its JSON export back.

Boxes are per cent of the image; polygons and ellipses count as the box around them. Boxes to ignore
carry the choice "ignore"; regions without class have the label "ignore". A task without annotation
is unlabelled, one with an empty annotation is background.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import quoteattr

from acme_tracker.datasets.building import DatasetBuilder, choose_splits
from acme_tracker.datasets.images import NamedPictures, image_size
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
    pictures = NamedPictures(file.parent, map(_spellings, tasks))
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
    file: Path, number: int, task: dict[str, Any], pictures: NamedPictures, to: DatasetBuilder
) -> None:
    place, name = f"tasks[{number}]", _path_in(_url(task))
    path = pictures.find(_spellings(task))
    if path is None:
        to.problems.error(file, f"{place}: image {name!r} is missing")
        return
    try:
        size = image_size(path)
    except FileError as error:
        to.problems.caught(error)
        return
    done = [a for a in _dicts(task.get("annotations")) if not a.get("was_cancelled")]
    split = _split(task)
    kept = name.removeprefix("images/").removeprefix(f"{split}/") if split else name
    to.image(path, kept, split, size, labelled=bool(done))
    if done:
        _read_results(file, place, _dicts(done[-1].get("result")), size, to)


def _dicts(values: Any) -> list[dict[str, Any]]:
    """What a list holds of objects; broken exports have other things there."""
    return [value for value in values or () if isinstance(value, dict)]


def _url(task: dict[str, Any]) -> str:
    return str(task["data"].get("image") or next(iter(task["data"].values()), ""))


def _path_in(url: str) -> str:
    """The path that a task's image address speaks of."""
    parts = urlsplit(url)
    if "d" in (query := parse_qs(parts.query)):
        return query["d"][0]
    return unquote(parts.path)


def _spellings(task: dict[str, Any]) -> list[str]:
    """As written, and the bare name without the prefix that uploads get."""
    name = _path_in(_url(task))
    uploaded = re.fullmatch(r"(?:.*/)?[0-9a-f]{8}-([^/]+)", name)
    return [name, uploaded[1]] if uploaded else [name]


def _read_results(
    file: Path, place: str, results: list[dict[str, Any]], size: tuple[int, int], to: DatasetBuilder
) -> None:
    ignored = {
        r.get("id") for r in results if "ignore" in ((r.get("value") or {}).get("choices") or ())
    }
    for number, result in enumerate(results):
        kind = str(result.get("type"))
        if not kind.endswith("labels"):
            continue
        where, value = f"{place}.result[{number}]", result.get("value") or {}
        try:
            label = str((value.get(kind) or [""])[0])
            xyxy = [at * size[i % 2] / 100 for i, at in enumerate(_around(kind, value))]
            to.box(xyxy, label, result.get("id") in ignored)
        except ValueError as error:
            to.lost_box(file, f"{where}: {error}")
        if value.get("rotation"):
            to.problems.warn(file, f"{where}: box is rotated: taken upright")


def _around(kind: str, value: dict[str, Any]) -> tuple[float, float, float, float]:
    """The box of a shape, per cent; ValueError where there is none."""
    if kind == "rectanglelabels":
        x, y, width, height = numbers(value.get(key) for key in ("x", "y", "width", "height"))
        return x, y, x + width, y + height
    if kind == "ellipselabels":
        x, y, across, down = numbers(value.get(key) for key in ("x", "y", "radiusX", "radiusY"))
        return x - across, y - down, x + across, y + down
    points = value.get("points")
    if kind == "polygonlabels" and isinstance(points, list) and points:
        xs, ys = (numbers(point[axis] for point in points) for axis in (0, 1))
        return min(xs), min(ys), max(xs), max(ys)
    raise ValueError(f"{kind} has no box, nor can one be put around it")


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
