"""How well do detectors find persons and two-wheelers on the road? On frames labelled by hand.

    python benchmarks/road_labels.py --clips FOLDER [--detector NAME ...] [--apart] [--ridden]
        [--clip NAME] [--out FOLDER] [--threads N] [--json FILE]

The labels lie in road_labels/, whose README says what they are; the clips do not. Their frames are
written beside the labels into `--out`, as a COCO data set that any other command reads too.

The labels hold a bicycle and its rider in one box. COCO's detectors box them apart, so what they
find is widened to the rider first, which `--apart` leaves undone. `--ridden` ignores bicycles that
are pushed, whose boxes hold no person.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from machine import describe_machine, machine_lines
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from acme_tracker.config import DetectorSettings, SourceSettings
from acme_tracker.datasets import DetectionDataset, open_dataset
from acme_tracker.datatypes import SUPER_CLASSES, ClassList, Detections
from acme_tracker.detection.registry import list_detectors, open_detector, working_score
from acme_tracker.errors import DatasetError
from acme_tracker.evaluation.detection import LEAST_SCORE, DetectionReport, evaluate_detector
from acme_tracker.frames import Image
from acme_tracker.interfaces import Detector
from acme_tracker.labelling.riders import with_riders
from acme_tracker.video.sources import open_source

LABELS = Path(__file__).parent / "road_labels"
FINE = ("person", "bicycle", "motorcycle", "car", "bus", "truck")
MERGED = ("bike", "vehicle")
TO_MERGED: dict[str, str | None] = {
    name: whole for whole in MERGED for name in SUPER_CLASSES[whole]
}
JPEG_QUALITY = 95

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 118


# --- The data set -------------------------------------------------------------------------------


def write_dataset(
    clips: Path, out: Path, names: Sequence[str] = (), ridden_only: bool = False
) -> DetectionDataset:
    """The labelled frames of clips (all, or those named) with their labels, in a folder.

    Raises:
        DatasetError: a clip is missing, or is another one than was labelled.
    """
    (out / "images").mkdir(parents=True, exist_ok=True)
    for file in [LABELS / f"{name}.json" for name in names] or sorted(LABELS.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        clip = checked_clip(clips, content["info"])
        write_frames(clip, content["images"], out / "images")
        for annotation in content["annotations"]:
            if ridden_only and annotation.get("ridden") is False:
                annotation["iscrowd"] = 1
        (out / file.name).write_text(json.dumps(content), encoding="utf-8")
    return open_dataset(out)


def checked_clip(clips: Path, info: dict[str, Any]) -> Path:
    """The clip that labels are of."""
    clip = clips / str(info["clip"])
    if not clip.is_file():
        raise DatasetError(f"{clip}: wanted the clip that was labelled, found none")
    found = hashlib.sha256(clip.read_bytes()).hexdigest()
    if found != info["sha256"]:
        raise DatasetError(f"{clip}: is another clip than was labelled: its sha256 is {found}")
    return clip


def write_frames(clip: Path, images: Iterable[dict[str, Any]], folder: Path) -> None:
    """The frames that have labels."""
    wanted = {image["frame"]: folder / image["file_name"] for image in images}
    with open_source(str(clip), SourceSettings()) as source:
        for frame in source:
            path = wanted.pop(frame.index, None)
            if path is not None:
                cv2.imwrite(str(path), frame.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            if not wanted:
                return
    raise DatasetError(f"{clip}: frame {min(wanted)} is missing")


# --- Detectors ----------------------------------------------------------------------------------


class Remembering:
    """A detector that looks at every picture once, however often it is asked."""

    def __init__(self, detector: Detector, join_riders: bool) -> None:
        self._detector, self._join = detector, join_riders
        self._found: dict[bytes, Detections] = {}

    @property
    def classes(self) -> ClassList:
        return self._detector.classes

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        key = hashlib.blake2b(image.tobytes()).digest()
        if key not in self._found:
            (found,) = self._detector.detect([image])
            self._found[key] = ridden(found, self.classes) if self._join else found
        return self._found[key]


def ridden(found: Detections, classes: ClassList) -> Detections:
    """Bicycles and motorcycles widened to their riders; the riders stay, the labels ignore them."""
    names = np.array(classes.names)[found.class_id]
    bikes, people = np.isin(names, SUPER_CLASSES["bike"]), names == "person"
    xyxy = found.xyxy.copy()
    xyxy[bikes] = with_riders(xyxy[bikes], xyxy[people])
    return replace(found, xyxy=xyxy)


def usable() -> list[str]:
    """Detectors with classes whose weights are on this machine."""
    return [info.name for info in list_detectors() if not info.problem and info.kind != "motion"]


def measure(name: str, data: DetectionDataset, threads: int, join_riders: bool) -> dict[str, float]:
    """AP50 in percent of each class that it knows, and milliseconds an image."""
    score = working_score(name)
    whole, working = (
        open_detector(DetectorSettings(name=name, score=least, threads=threads))
        for least in (LEAST_SCORE, score)
    )
    once = Remembering(whole, join_riders)
    merged = evaluate_detector(once, data, score, TO_MERGED, timed=working)
    figures = {"ms": merged.ms_per_image}
    figures |= ap50(merged, (*MERGED, "person"))
    if set(FINE) & set(whole.classes):
        figures |= ap50(evaluate_detector(once, data, score, timed=once), FINE)
    return figures


def ap50(report: DetectionReport, wanted: Sequence[str]) -> dict[str, float]:
    """In percent, by class."""
    known = enumerate(report.classes)
    return {name: report.figures(number)["AP50"] for number, name in known if name in wanted}


# --- What is told -------------------------------------------------------------------------------


def boxes_of(data: DetectionDataset) -> dict[str, int]:
    """How many boxes count of each class, merged ones with their members."""
    counted = data.boxes[~data.boxes.ignore].class_id
    return {
        name: int(np.isin(counted, data.classes.members(name)).sum()) for name in (*FINE, *MERGED)
    }


def told(figure: float | None) -> str:
    return "-" if figure is None or np.isnan(figure) else f"{figure:.1f}"


def table_of(data: DetectionDataset, results: dict[str, dict[str, float]]) -> Table:
    """A row a detector, a column a class."""
    table = Table(box=SIMPLE_HEAD, title=f"AP50 on {len(data)} frames (boxes)")
    table.add_column("detector")
    for name, count in boxes_of(data).items():
        table.add_column(f"{name}\n({count})", justify="right")
    table.add_column("ms", justify="right")
    for detector, figures in results.items():
        cells = (told(figures.get(name)) for name in (*FINE, *MERGED, "ms"))
        table.add_row(detector, *cells)
    return table


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--clips", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--detector", action="append", help="may repeat; else all that are here")
    parser.add_argument("--apart", action="store_true", help="do not widen bikes to their riders")
    parser.add_argument("--ridden", action="store_true", help="ignore bicycles that are pushed")
    parser.add_argument("--clip", action="append", default=[], help="only this one, without .mp4")
    parser.add_argument("--out", type=Path, help="keep the data set here")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def main() -> None:
    words = parse()
    machine = describe_machine()
    with TemporaryDirectory() as folder:
        data = write_dataset(words.clips, words.out or Path(folder), words.clip, words.ridden)
        results = {
            name: measure(name, data, words.threads, not words.apart)
            for name in words.detector or usable()
        }
    console.print("\n".join(machine_lines(machine)))
    console.print(table_of(data, results))
    if words.json:
        told_all = {"machine": machine, "boxes": boxes_of(data), "AP50": results}
        words.json.write_text(json.dumps(told_all, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
