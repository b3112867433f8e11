"""One object a sequence, as OTB, GOT-10k and LaSOT have it: groundtruth.txt beside the pictures.

A line a frame: left, top, width, height, between commas, tabs or blanks. On frames without the
object the sets write NaN or an empty box. The pictures are a video.*, img/, or lie beside the file.
"""

from __future__ import annotations

from pathlib import Path

from acme_tracker.datasets.building import RowsBuilder, first_size
from acme_tracker.datasets.images import list_images
from acme_tracker.datasets.mot import VIDEO_SUFFIXES
from acme_tracker.datasets.problems import Problems
from acme_tracker.datasets.text import numbers, read_lines
from acme_tracker.datasets.types import Sequence
from acme_tracker.datatypes import ClassList

LOOKED_FOR = "groundtruth.txt or groundtruth_rect.txt, here or in folders of sequences"
OBJECT = "object"
_FILES = ("groundtruth.txt", "groundtruth_rect.txt")
_ID = 1


def find(path: Path) -> bool:
    """Whether single-object sequences lie at a folder, or this file is the truth of one."""
    return bool(_truths(path))


def read(path: Path, strict: bool = False) -> list[Sequence]:
    """One sequence a groundtruth.txt, sorted by path."""
    return [_read_sequence(file, Problems(strict)) for file in _truths(path)]


def _truths(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.name in _FILES else []
    for depth in ("", "*/"):
        if found := sorted(file for name in _FILES for file in path.glob(f"{depth}{name}")):
            return found
    return []


def _read_sequence(truth: Path, problems: Problems) -> Sequence:
    home = truth.parent
    rows = RowsBuilder()
    lines = read_lines(truth)
    for line, text in lines:
        try:
            _read_row(text, line - 1, rows)
        except ValueError as error:
            problems.error(truth, str(error), line)
    folder = home / "img" if (home / "img").is_dir() else home
    images = list_images(folder, deep=False)
    videos = (home / f"video{suffix}" for suffix in VIDEO_SUFFIXES)
    path = folder if images else next((video for video in videos if video.is_file()), None)
    length = lines[-1][0] if lines else 0
    if images and len(images) != length:
        problems.warn(truth, f"has {length} lines, but there are {len(images)} pictures")
    return Sequence(
        home.resolve().name,
        path,
        None,
        first_size(images, problems),
        max(len(images), length),
        ClassList((OBJECT,)),
        rows.build(),
        "otb",
        tuple(problems.found),
    )


def _read_row(text: str, frame: int, rows: RowsBuilder) -> None:
    words = text.replace(",", " ").split()
    if len(words) != 4:
        raise ValueError(f"row must be left,top,width,height, got {len(words)} values")
    if all(word.lower() == "nan" for word in words):
        return
    left, top, width, height = numbers(words)
    if width == 0 or height == 0:
        return
    rows.row(frame, _ID, (left, top, left + width, top + height), 0)
