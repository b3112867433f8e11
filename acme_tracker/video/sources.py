"""From the words on the command line to sources of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acme_tracker.config import SourceSettings
from acme_tracker.errors import SourceError
from acme_tracker.frames import natural_order
from acme_tracker.resources import user_path
from acme_tracker.video.base import BaseSource, SourceWarning
from acme_tracker.video.camera import CameraSource, camera_index
from acme_tracker.video.images import ImageSource, is_image, matches
from acme_tracker.video.network import SCHEMES, scheme_of
from acme_tracker.video.redaction import redact, safe_name
from acme_tracker.video.screen import ScreenSource, is_screen
from acme_tracker.video.streams import VideoSource

__all__ = ["SourceWarning", "expand_sources", "open_source", "redact", "safe_name"]

# What counts as a video in a folder; a file that is named outright may end in anything.
_ENDINGS = (
    *("mp4", "m4v", "mov", "avi", "mkv", "webm", "ts", "mts", "m2ts", "mpg", "mpeg", "wmv", "asf"),
    *("flv", "3gp", "ogv", "vob", "dav", "mxf", "mjpeg", "mjpg", "h264", "h265", "264", "265"),
)
_VIDEO_ENDINGS = frozenset(f".{ending}" for ending in _ENDINGS)
_MAGIC = re.compile(r"[*?\[]")


def expand_sources(words: Sequence[str]) -> list[str]:
    """One word a source, for `open_source`.

    Files, URLs, cameras (`0`, `camera:0`) and screens (`screen:`) stay as they are. A folder or
    pattern of videos becomes its videos, in natural order; of pictures only, it stays one word:
    one video. A folder `X` with pictures in `X/img1` (MOT Challenge) becomes `X/img1`.

    Raises:
        SourceError: a word matches nothing.
    """
    expanded = [source for word in words for source in _expand(word)]
    pictures = [word for word in expanded if is_image(Path(word)) and Path(word).is_file()]
    if len(pictures) > 1:
        raise SourceError(
            f"{len(pictures)} single pictures were given ({pictures[0]}, ...): for one video of "
            f"them give their folder, or the pattern in quotes"
        )
    return expanded


def open_source(word: str, settings: SourceSettings) -> BaseSource:
    """The source that a word of `expand_sources` names; it opens in `with`, not here."""
    path = Path(word)
    with _looking_at(word):
        is_folder, is_there = path.is_dir(), path.exists()
    if is_folder:  # may be called 0001, as KITTI's are
        return ImageSource(word, settings)
    if _is_camera(word):
        return CameraSource(word, settings)
    if is_screen(word):
        return ScreenSource(word, settings)
    if (scheme := scheme_of(word)) is not None:
        if scheme not in SCHEMES:
            raise SourceError(
                f"{redact(word)}: no source speaks {scheme}; use one of {', '.join(SCHEMES)}"
            )
        return VideoSource(word, settings)
    is_pattern = not is_there and _MAGIC.search(word) is not None
    if is_image(path) or is_pattern:
        return ImageSource(word, settings)
    return VideoSource(word, settings)


def may_be_live(word: str) -> bool:
    """Whether a word of `expand_sources` names a device or a stream: HTTP may be either."""
    return not Path(word).is_dir() and (
        _is_camera(word) or is_screen(word) or scheme_of(word) is not None
    )


def _is_camera(word: str) -> bool:
    return camera_index(word) is not None or word.startswith("camera:")


def _expand(word: str) -> list[str]:
    word = word.strip()
    if not word:
        raise SourceError("an empty word is no source: give a file, folder, address or camera")
    with _looking_at(word):
        return _expand_path(_from_home(word))


@contextmanager
def _looking_at(word: str) -> Iterator[None]:
    """What the system says of a path that it does not let us see is the user's to know."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or "unknown error").lower()
        raise SourceError(f"cannot look at {redact(word)}: {why}; check the path") from None


def _from_home(word: str) -> str:
    """A word with its `~` or `~user` filled in, unless that is how a file is called."""
    if not word.startswith("~") or Path(word).exists():
        return word
    return str(user_path(word))


def _expand_path(word: str) -> list[str]:
    path = Path(word)
    if path.is_file():
        return [word]
    if path.is_dir():
        return _of_folder(path)
    if may_be_live(word):
        return [word]
    if path.exists():
        raise SourceError(f"{word} is a pipe or device, and no file: give a file or an address")
    if _MAGIC.search(word):
        return _of_pattern(word)
    raise SourceError(f"{redact(word)}: no such file, folder or pattern match; check the path")


def is_video(path: Path) -> bool:
    """Whether a path is a file that counts as a video in a folder."""
    return path.suffix.lower() in _VIDEO_ENDINGS and path.is_file()


def _of_folder(folder: Path) -> list[str]:
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    videos = [path for path in paths if is_video(path)]
    if videos:
        return [str(path) for path in sorted(videos, key=natural_order)]
    if any(is_image(path) for path in paths):
        return [str(folder)]
    inner = folder / "img1"
    if inner.is_dir() and any(is_image(path) for path in inner.iterdir()):
        return [str(inner)]
    raise SourceError(f"{folder} holds no videos and no pictures; give a file, or another folder")


def _of_pattern(pattern: str) -> list[str]:
    paths = matches(pattern)
    videos = [path for path in paths if is_video(path)]
    if videos:
        return [str(path) for path in videos]
    if any(is_image(path) for path in paths):
        return [pattern]
    folders = [path for path in paths if path.is_dir()]
    if folders:
        return [source for folder in folders for source in _of_folder(folder)]
    raise SourceError(f"{pattern} matches no video and no picture; check the pattern")
