"""MOTChallenge: <sequence>/gt/gt.txt with seqinfo.ini, and img1/ or video.mp4 beside them.

Rows: frame (from 1), id, left, top, width, height, flag (0: to ignore), class (from 1), visibility
(below 0: not known).
The names of the classes are taken from gt/labels.txt (one a line, as CVAT writes), else they are
MOTChallenge's own where the folder is called MOT..., else "class_1", "class_2", ...
"""

from __future__ import annotations

import configparser
from collections.abc import Sequence as Several
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.datasets.building import RowsBuilder, first_size
from acme_tracker.datasets.frames import by_frame
from acme_tracker.datasets.images import list_images
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import numbers, read_lines, read_text, whole
from acme_tracker.datasets.types import REGION, Sequence
from acme_tracker.datasets.writing import Left, Placement, Written, place, prepare, safe_name
from acme_tracker.datatypes import ClassList
from acme_tracker.errors import DatasetError

LOOKED_FOR = "gt/gt.txt, here or in folders of sequences"
OFFICIAL = (
    *("pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorized vehicle"),
    *("static person", "distractor", "occluder", "occluder on ground", "occluder full"),
    *("reflection", "crowd"),
)
_MOST_CLASSES = 10_000
VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v")


def find(path: Path) -> bool:
    """Whether MOT sequences lie at a folder, or this file is the truth of one."""
    return bool(_truths(path))


def read(path: Path, strict: bool = False) -> list[Sequence]:
    """One sequence a gt.txt, sorted by path."""
    return [_read_sequence(file, Problems(strict)) for file in _truths(path)]


def _truths(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".txt" else []
    for depth in ("", "*/", "*/*/"):
        if found := sorted(path.glob(f"{depth}gt/gt.txt")):
            return found
    return []


def _read_sequence(truth: Path, problems: Problems) -> Sequence:
    home = truth.parent.parent if truth.parent.name == "gt" else truth.parent
    info = _read_info(home / "seqinfo.ini")
    rows = RowsBuilder()
    for line, text in read_lines(truth):
        try:
            _read_row(text, rows)
        except _FromZeroError:
            raise DatasetError(
                f"{truth}:{line}: frames count from 1, got 0: add 1 to all"
            ) from None
        except ValueError as error:
            problems.error(truth, str(error), line)
    table = rows.build()
    names = _class_names(truth, home.name, int(table.class_id.max(initial=-1)) + 1, problems)
    images = list_images(home / info.get("imDir", "img1"), deep=False)
    videos = [home / f"video{suffix}" for suffix in VIDEO_SUFFIXES]
    path = images[0].parent if images else next((v for v in videos if v.is_file()), None)
    last = int(table.frame_index.max(initial=-1)) + 1
    shown = list(by_frame(images, "mot"))
    pictured = shown[-1] + 1 if shown else 0
    length = int(info.get("seqLength", 0)) or max(pictured, last)
    if last > (there := pictured or length):
        problems.warn(truth, f"truth goes to frame {last}, but the sequence has {there}")
    _tell_left_out(truth, table.frame_index, shown, problems)
    size = (int(info.get("imWidth", 0)), int(info.get("imHeight", 0)))
    return Sequence(
        home.name,
        path,
        float(info["frameRate"]) if "frameRate" in info else None,
        size if all(size) else first_size(images, problems),
        max(length, last),
        ClassList(tuple(names)),
        table,
        "mot",
        tuple(problems.found),
    )


def _tell_left_out(
    truth: Path, frame_index: NDArray[np.int64], shown: list[int], problems: Problems
) -> None:
    """Say so where the truth has frames whose numbers the pictures leave out."""
    inside = frame_index[frame_index <= max(shown, default=-1)]
    left_out = np.setdiff1d(inside, shown)
    if len(left_out):
        problems.warn(
            truth,
            f"{len(left_out)} frames of the truth have no picture: their boxes cannot be found; "
            f"the first is frame {left_out[0] + 1}",
        )


def _read_info(path: Path) -> dict[str, str]:
    """The keys of seqinfo.ini, the numbers checked; empty if there is none."""
    if not path.is_file():
        return {}
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(read_text(path))
        info = dict(parser["Sequence"])
    except (configparser.Error, KeyError) as error:
        line = getattr(error, "lineno", 1)
        raise DatasetError(f"{path}:{line}: wanted [Sequence] and key=value lines") from None
    for key in ("frameRate", "seqLength", "imWidth", "imHeight"):
        try:
            if key in info and numbers((info[key],))[0] <= 0:
                raise ValueError(f"{info[key]} is not above 0")
            if key in info and key != "frameRate":
                info[key] = str(whole(info[key]))
        except ValueError as error:
            raise DatasetError(f"{path}: {key}: {error}") from None
    return info


class _FromZeroError(ValueError):
    """The whole file is one frame off."""


def _read_row(text: str, rows: RowsBuilder) -> None:
    words = [word.strip() for word in text.split(",")] if "," in text else text.split()
    if len(words) < 6:
        raise ValueError(
            f"row must be frame,id,left,top,width,height[,...], got {len(words)} values"
        )
    left, top, width, height = numbers(words[2:6])
    flag, class_number, visibility = numbers([*words[6:9], *("1", "0", "1")[len(words[6:9]) :]])
    frame = whole(words[0])
    if frame == 0:
        raise _FromZeroError
    if frame < 1:
        raise ValueError(f"frames count from 1, got {frame}")
    if class_number > _MOST_CLASSES:
        raise ValueError(f"class must be at most {_MOST_CLASSES}, got {class_number:g}")
    xyxy = (left, top, left + width, top + height)
    class_id = whole(class_number) - 1 if class_number > 0 else REGION
    seen = visibility if visibility >= 0 else 1
    rows.row(frame - 1, whole(words[1]), xyxy, class_id, flag > 0, seen)


def _class_names(truth: Path, name: str, count: int, problems: Problems) -> list[str]:
    """Of at least `count` classes."""
    labels = truth.parent / "labels.txt"
    if labels.is_file():
        names = [text for _, text in read_lines(labels)]
        if len(set(names)) != len(names):
            raise DatasetError(f"{labels}: class names must be unique")
    else:
        names = list(OFFICIAL) if name.startswith("MOT") else []
    unnamed = [f"class_{number + 1}" for number in range(len(names), count)]
    if unnamed:
        problems.warn(
            truth,
            f"no names for classes {len(names) + 1} to {count}: called {', '.join(unnamed)} (name"
            " them in gt/labels.txt, one a line, or map them)",
        )
    return names + unnamed


def write(
    sequences: Several[Sequence], out: Path, placement: Placement, overwrite: bool = False
) -> Written:
    """One folder a sequence, with the video or img1/ linked or copied."""
    names = [safe_name(sequence.name).replace("/", "_") for sequence in sequences]
    if len(set(names)) != len(names):
        raise DatasetError(f"sequences must have different names, got {', '.join(sorted(names))}")
    sources = [s.path for s in sequences if s.path is not None]
    prepare(out, names, sources, overwrite)
    for sequence, name in zip(sequences, names, strict=True):
        _write_sequence(sequence, out / name, placement)
    rows = sum(len(sequence.rows) for sequence in sequences)
    absent = sum(sequence.path is None for sequence in sequences)
    left = Left("sequences without pictures: only their truth was written", absent)
    return Written(out, sum(s.length for s in sequences), rows, (left,) if absent else ())


def _write_sequence(sequence: Sequence, home: Path, placement: Placement) -> None:
    (home / "gt").mkdir(parents=True)
    rows = sequence.rows
    table = np.column_stack(
        [
            rows.frame_index + 1,
            rows.track_id,
            boxes.to_ltwh(rows.xyxy),
            rows.scored,
            rows.class_id + 1,
            rows.visibility,
        ]
    )
    formats = ["%d", "%d", *["%.3f"] * 4, "%d", "%d", "%.3f"]
    np.savetxt(home / "gt" / "gt.txt", table, formats, delimiter=",")
    names = "".join(f"{name}\n" for name in sequence.classes)
    (home / "gt" / "labels.txt").write_text(names, encoding="utf-8")
    info = {"name": home.name, "seqLength": str(sequence.length)}
    if sequence.frame_rate is not None:
        info["frameRate"] = f"{sequence.frame_rate:.12g}"
    if sequence.size is not None:
        info["imWidth"], info["imHeight"] = (str(side) for side in sequence.size)
    if sequence.path is not None and sequence.path.is_dir():
        info["imDir"] = "img1"
        for image in list_images(sequence.path, deep=False):
            place(image, home / "img1" / image.name, placement)
    elif sequence.path is not None:
        place(sequence.path, home / f"video{sequence.path.suffix.lower()}", placement)
    lines = ["[Sequence]", *(f"{key}={value}" for key, value in info.items())]
    (home / "seqinfo.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")
