"""A picture to look at: images of a data set with their boxes drawn, in a grid."""

from __future__ import annotations

from collections.abc import Sequence as Several
from pathlib import Path

import numpy as np

from acme_tracker.datasets.frames import pictures_by_frame
from acme_tracker.datasets.images import load_image
from acme_tracker.datasets.types import DetectionDataset, Sequence
from acme_tracker.datatypes import Boxes, ClassList
from acme_tracker.errors import DatasetError, OutputError
from acme_tracker.frames import Image

CELL = (400, 300)  # width, height
_GREY = (160, 160, 160)
_GAP_PX = 4


def dataset_montage(dataset: DetectionDataset, count: int = 16) -> Image:
    """Images spread evenly over the data set; boxes to ignore are grey."""
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(count, len(dataset))).astype(int))
    cells = []
    for image in (dataset[int(number)] for number in chosen):
        try:
            picture = load_image(image.path)
        except DatasetError:
            picture = np.zeros((CELL[1], CELL[0], 3), np.uint8)
        colours = [
            _GREY if i else _colour(c) for c, i in zip(image.class_id, image.ignore, strict=True)
        ]
        labels = _names(dataset.classes, image.class_id.tolist())
        cells.append(_cell(picture, image.xyxy, colours, labels, image.name))
    return _grid(cells)


def sequences_montage(sequences: Several[Sequence], count: int = 16) -> Image:
    """Frames spread evenly over each sequence that has pictures, with the true boxes."""
    shown = [sequence for sequence in sequences if sequence.path is not None]
    cells = []
    for sequence in shown:
        each = max(count // len(shown), 1)
        for index, picture in _frames(sequence, each):
            rows = sequence.rows[sequence.rows.frame_index == index]
            colours = [
                _colour(t) if s else _GREY for t, s in zip(rows.track_id, rows.scored, strict=True)
            ]
            names = _names(sequence.classes, rows.class_id.tolist())
            labels = [f"{n} {t}" for n, t in zip(names, rows.track_id, strict=True)]
            cells.append(_cell(picture, rows.xyxy, colours, labels, f"{sequence.name} {index}"))
    if not cells:
        raise DatasetError("no pictures to show: the sequences have only their truth")
    return _grid(cells)


def _frames(sequence: Sequence, count: int) -> list[tuple[int, Image]]:
    """Some frames of a sequence with their index, evenly spread."""
    assert sequence.path is not None
    if sequence.path.is_dir():
        pictures = list(pictures_by_frame(sequence).items())
        chosen = [pictures[place] for place in _spread(len(pictures), count)] if pictures else []
        return [(index, load_image(path)) for index, path in chosen]
    import av

    wanted = _spread(sequence.length, count)
    found = []
    try:
        with av.open(str(sequence.path)) as video:
            for index, frame in enumerate(video.decode(video=0)):
                if index in wanted:
                    found.append((index, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)))
                if index >= max(wanted):
                    break
    except (OSError, IndexError) as error:  # PyAV's errors are OSErrors; IndexError: no video in it
        raise DatasetError(f"{sequence.path}: cannot be read as a video: {error}") from None
    return found


def _spread(length: int, count: int) -> list[int]:
    """So many places or fewer, none of them at an end unless there are too few."""
    places = np.linspace(0, max(length - 1, 0), count + 2)[1:-1].astype(int)
    return [int(place) for place in np.unique(places)]


def _names(classes: ClassList, class_ids: list[int]) -> list[str]:
    return [classes.names[number] if number >= 0 else "ignore" for number in class_ids]


def _colour(number: int) -> tuple[int, int, int]:
    """A colour that differs from its neighbours': hues by the golden ratio."""
    import cv2

    hsv = np.array([[[int(179 * (number * 0.618 % 1)), 220, 255]]], np.uint8)
    blue, green, red = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def _cell(
    picture: Image,
    xyxy: Boxes,
    colours: Several[tuple[int, int, int]],
    labels: Several[str],
    title: str,
) -> Image:
    """The picture fitted into a cell, with its boxes and its name."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(CELL[0] / width, CELL[1] / height)
    small = (max(round(width * scale), 1), max(round(height * scale), 1))
    cell = np.full((CELL[1], CELL[0], 3), 32, np.uint8)
    cell[: small[1], : small[0]] = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    limit = 4 * max(CELL)  # a box far outside must not overflow the drawing's integers
    for box, colour, label in zip(
        np.clip(xyxy * scale, -limit, limit), colours, labels, strict=True
    ):
        left, top, right, bottom = (round(float(edge)) for edge in box)
        cv2.rectangle(cell, (left, top), (right - 1, bottom - 1), colour, 1)
        if right - left > 7 * len(label):
            _text(cell, label, (left + 1, max(top - 2, 9)), colour)
    _text(cell, title, (3, CELL[1] - 5), (255, 255, 255))
    return cell


def _text(cell: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    import cv2

    plain = text.encode("ascii", "replace").decode()  # the font has no others
    shadow = (at[0] + 1, at[1] + 1)
    for place, shade in ((shadow, (0, 0, 0)), (at, colour)):
        cv2.putText(cell, plain, place, cv2.FONT_HERSHEY_SIMPLEX, 0.35, shade, 1, cv2.LINE_AA)


def _grid(cells: Several[Image]) -> Image:
    """All cells in one picture, about as many across as down, with black between them."""
    import cv2
    from imutils import build_montages

    columns = int(np.ceil(np.sqrt(len(cells))))
    rows = -(-len(cells) // columns)
    spaced = [
        cv2.copyMakeBorder(cell, 0, _GAP_PX, 0, _GAP_PX, cv2.BORDER_CONSTANT) for cell in cells
    ]
    size = (CELL[0] + _GAP_PX, CELL[1] + _GAP_PX)
    return np.asarray(build_montages(spaced, size, (columns, rows))[0], np.uint8)


def save_picture(picture: Image, path: Path) -> None:
    """Write a PNG or JPEG, as the name says."""
    import cv2

    try:
        done, data = cv2.imencode(path.suffix or ".png", picture)
    except cv2.error:
        done = False
    if not done:
        raise OutputError(f"cannot write {path}: wanted a name ending in .png or .jpg")
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
