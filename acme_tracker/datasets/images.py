"""Picture files: listing them, their sizes without decoding them, and loading them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from acme_tracker.datasets.problems import FileError
from acme_tracker.frames import Image

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_ORIENTATION = 0x0112
_LONGEST_PATH = 4096  # a label file may hold a whole picture in the place of its address
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def is_image(path: Path | str) -> bool:
    """Whether the name ends like a picture's, in any case; macOS's `._` companions do not count."""
    name = os.path.basename(path)  # noqa: PTH119 - called once a file of large trees
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith("._")  # noqa: PTH122


def list_images(folder: Path, deep: bool = True) -> list[Path]:
    """The pictures of a folder, sorted by path; with those of its folders if `deep`."""
    found = []
    for parent, folders, files in os.walk(folder, followlinks=True):
        if not deep:
            folders.clear()
        found += [os.path.join(parent, name) for name in files if is_image(name)]  # noqa: PTH118
    return [Path(path) for path in sorted(found)]


class NamedPictures:
    """Finds the pictures below a folder that a label file speaks of.

    One that is not there as spelt is the one whose path alone ends as the spelling does, unless the
    label file speaks of several pictures that end so: then nobody knows which of them is meant.

    Args:
        folder: of the pictures, with its folders.
        spellings: paths below the folder for each picture of the label file, the likeliest first.
    """

    def __init__(self, folder: Path, spellings: Iterable[Iterable[str]]) -> None:
        self._folder = folder
        ends = ({end for path in paths for end in _ends(path)} for paths in spellings)
        self._spoken_of = Counter(end for mine in ends for end in mine)

    def find(self, spellings: Iterable[str]) -> Path | None:
        """One of these pictures; None if it is missing."""
        paths = [path.lstrip("/") for path in spellings]
        for file in (self._folder / path for path in paths):
            if os.path.isfile(file):  # noqa: PTH113 - False for a name that no file can have
                return file
        ends = (end for path in paths for end in _ends(path) if self._spoken_of[end] < 2)
        return next((self._by_end[end] for end in ends if end in self._by_end), None)

    @cached_property
    def _by_end(self) -> dict[str, Path]:
        """Pictures by the ends of their paths that are no other's."""
        found: dict[str, list[Path]] = {}
        for image in list_images(self._folder):
            for end in _ends(image.relative_to(self._folder).as_posix()):
                found.setdefault(end, []).append(image)
        return {end: images[0] for end, images in found.items() if len(images) == 1}


def _ends(path: str) -> list[str]:
    """a/b/c.jpg -> a/b/c.jpg, b/c.jpg, c.jpg; none of what is too long to be a path."""
    parts = PurePosixPath(path.lstrip("/")).parts if len(path) <= _LONGEST_PATH else ()
    return ["/".join(parts[start:]) for start in range(len(parts))]


def image_size(path: Path | str) -> tuple[int, int]:
    """(width, height) as `load_image` would show it, from the file's header; FileError if none."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as picture:
            width, height = picture.size
            exif = Pillow.Image.getexif(picture)  # the PNG class's own would decode the picture
            # Pillow turns TIFF sizes by itself.
            turned = picture.format != "TIFF" and exif.get(_ORIENTATION) in _TURNED
    except Exception as error:  # Pillow's decoders raise whatever a broken file makes them raise
        raise FileError(path, _why(Path(path), error)) from None
    return (height, width) if turned else (width, height)


def decode_image(path: Path | str) -> None:
    """FileError unless every pixel can be decoded; OpenCV fills truncated JPEGs with grey."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as picture:
            picture.load()
    except Exception as error:  # as above
        raise FileError(path, _why(Path(path), error)) from None


def load_image(path: Path | str) -> Image:
    """(H, W, 3) BGR, turned as its EXIF orientation says; DatasetError if it cannot be read."""
    import cv2

    try:
        data = np.fromfile(path, np.uint8)  # not cv2.imread: it fails on odd names on Windows
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error) as error:
        raise FileError(path, _why(Path(path), error)) from None
    if image is None:
        raise FileError(path, _why(Path(path)))
    return np.asarray(image, np.uint8)


def _why(path: Path, error: Exception | None = None) -> str:
    if not path.is_file():
        return "image is missing"
    if path.stat().st_size == 0:
        return "image file is empty"
    if isinstance(error, PermissionError):
        return "image cannot be read: permission denied"
    return "image cannot be read: not a picture, or damaged"
