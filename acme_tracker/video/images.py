"""A folder or a pattern of pictures, as one video."""

from __future__ import annotations

import configparser
import glob
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.frames import Frame, Image, SourceInfo, frame_indices, natural_order
from acme_tracker.video.base import BaseSource
from acme_tracker.video.redaction import redact, safe_name, spelled_out
from acme_tracker.video.start_time import recording_start

IMAGE_ENDINGS = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
)
_MOT_FOLDER = "img1"  # MOT Challenge: <sequence>/img1/000001.jpg beside <sequence>/seqinfo.ini
_MOT_FILES = ("seqinfo.ini", "../seqinfo.ini", "../gt/gt.txt")  # from the pictures' folder
_KITTI_FOLDER = "image_02"  # KITTI: image_02/<sequence>/000000.png


def matches(pattern: str) -> list[Path]:
    """What a pattern with `*`, `?`, `[...]` or `**` finds, in natural order, hidden files apart."""
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob wants relative patterns
    return sorted(map(Path, found), key=natural_order)


def is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_ENDINGS


class ImageSource(BaseSource):
    """Pictures in natural order, at the frame rate of a `seqinfo.ini` beside them or `image_rate`.

    A picture's index is its place among the files: one that cannot be read leaves a gap. In a
    sequence whose names leave numbers out it is that of the number, and what is left out takes time
    too. `first_number` is the number of a sequence's first frame; None: known for the folders of
    MOT Challenge and KITTI, whereas the names of other pictures may count anything.
    """

    def __init__(
        self, word: str, settings: SourceSettings, first_number: int | None = None
    ) -> None:
        super().__init__(word, settings)
        self._first_number = first_number
        self._paths: list[Path] = []
        self._indices: Sequence[int] = ()
        self._rate = settings.image_rate

    def _open(self) -> SourceInfo:
        where = Path(self.word)
        if where.is_dir():
            found = sorted(where.iterdir(), key=natural_order)
        else:
            found = [where] if where.is_file() else matches(self.word)
        self._paths = [path for path in found if is_image(path) and not path.name.startswith(".")]
        first = next((image for image in map(_read, self._paths) if image is not None), None)
        if first is None:
            raise SourceError(f"{self.word} holds no picture that can be read: check the path")
        folder = self._paths[0].parent
        self._rate = _mot_frame_rate(folder) or self.settings.image_rate
        self._indices = self._numbered(folder)
        return SourceInfo(
            source_id=redact(self.word),
            name=self._name(folder),
            size=(first.shape[1], first.shape[0]),
            frame_rate=self._rate,
            frame_count=self._wanted(),
            started_at=recording_start(self.settings.start_time, {}, self._paths[0].name),
            file=spelled_out(str(where.resolve())),
        )

    def _frames(self) -> Iterator[Frame]:
        size = self.info.size
        for index, path in zip(self._indices, self._paths, strict=True):
            time_s = index / self._rate
            if time_s < self.settings.start_s:
                continue
            image = _read(path)
            if image is None:
                self._warn("damage", f"{path} cannot be read: such pictures are left out")
                continue
            got = (image.shape[1], image.shape[0])
            if got != size:
                raise SourceError(
                    f"{path} is {got[0]}x{got[1]}, the pictures before it {size[0]}x{size[1]}: "
                    "pictures of one video must have one size"
                )
            yield Frame.of_image(image, index, time_s, self.info.source_id)

    def _close(self) -> None:
        self._paths, self._indices = [], ()

    def _numbered(self, folder: Path) -> Sequence[int]:
        """The index of each picture."""
        first = _first_number(folder) if self._first_number is None else self._first_number
        return range(len(self._paths)) if first is None else frame_indices(self._paths, first)

    def _wanted(self) -> int:
        """How many pictures lie between `start_s` and the end."""
        start_s, duration_s = self.settings.start_s, self.settings.duration_s
        end_s = math.inf if duration_s is None else start_s + duration_s
        return sum(start_s <= index / self._rate < end_s for index in self._indices)

    def _name(self, folder: Path) -> str:
        if Path(self.word).is_file():
            return safe_name(Path(self.word).stem)
        folder = folder.resolve()
        return safe_name(folder.parent.name if folder.name == _MOT_FOLDER else folder.name)


def _read(path: Path) -> Image | None:
    """A picture (H, W, 3) BGR; None where it cannot be read."""
    import cv2

    try:
        data = np.fromfile(path, np.uint8)  # OpenCV's own reading fails on names it cannot spell
    except OSError:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    return None if image is None else np.asarray(image, np.uint8)


def _first_number(folder: Path) -> int | None:
    """Of the first frame of a sequence; None where a folder does not look like one's."""
    folder = folder.resolve()
    if folder.name == _MOT_FOLDER or any((folder / file).is_file() for file in _MOT_FILES):
        return 1
    return 0 if folder.parent.name == _KITTI_FOLDER else None


def _mot_frame_rate(folder: Path) -> float | None:
    """`frameRate` of the seqinfo.ini in a folder of pictures, or above it."""
    for path in (folder / "seqinfo.ini", folder.parent / "seqinfo.ini"):
        parser = configparser.ConfigParser()
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
            rate = parser.getfloat("Sequence", "frameRate")
        except (OSError, UnicodeDecodeError, configparser.Error, ValueError):
            continue
        if rate > 0:
            return rate
    return None
