"""What is to be labelled: frames of videos, pictures, and data sets that people labelled."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from acme_tracker.config import SourceSettings
from acme_tracker.datasets import DetectionDataset, guess_format, load_image, open_dataset
from acme_tracker.datasets.images import is_image, list_images
from acme_tracker.datasets.registry import FOLDERS
from acme_tracker.errors import DatasetError, SourceError
from acme_tracker.frames import Frame, Image, SourceInfo, natural_order
from acme_tracker.labelling.human import Labels, human_labels
from acme_tracker.labelling.settings import LabelSettings
from acme_tracker.labelling.vocabulary import Vocabulary
from acme_tracker.resources import user_path
from acme_tracker.video.sources import expand_sources, is_video, open_source

_SLACK_S = 1e-3  # timestamps are rounded
_DESCRIPTIONS = (".yaml", ".yml", ".json", ".xml", ".txt")
_LIKE_LABELS = (".yaml", ".yml", ".json", ".xml", ".csv")


class LabelWarning(UserWarning):
    """Something was left out."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture to label.

    Attributes:
        name: a file name for it.
        split: of its data set.
        load: gives the picture.
        path: its file; None for a frame of a video.
        around: the pictures a moment before and after, () where there are none.
        human: what people labelled; None for nothing.
        finished: it stays as people labelled it.
        clip: the word of its video, "" for a picture.
        time_s: of the frame in it.
    """

    name: str
    load: Callable[[], Image]
    split: str = "train"
    path: Path | None = None
    around: tuple[Callable[[], Image], ...] = ()
    human: Labels | None = None
    finished: bool = False
    clip: str = ""
    time_s: float = 0


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that is to be labelled, in the order given.

    Attributes:
        videos: words for `open_source`.
        pictures: files.
        datasets: labelled ones.
    """

    videos: tuple[str, ...]
    pictures: tuple[Path, ...]
    datasets: tuple[DetectionDataset, ...]

    @property
    def classes(self) -> list[str]:
        """Of the labelled data sets."""
        return [name for dataset in self.datasets for name in dataset.classes]

    def shots(
        self, vocabulary: Vocabulary, settings: LabelSettings, leave: Sequence[str]
    ) -> Generator[Shot]:
        """Everything to label; images whose names begin like one of `leave` are finished."""
        for dataset in self.datasets:
            yield from _of_dataset(dataset, vocabulary, leave)
        for path in self.pictures:
            yield Shot(path.name, partial(load_image, path), path=path)
        for word in self.videos:
            yield from video_shots(word, settings)


def open_inputs(paths: Sequence[str]) -> Inputs:
    """Videos, pictures, folders of either, and data sets of any known format.

    Raises:
        SourceError: there is nothing at a path.
        DatasetError: labels cannot be read.
    """
    videos: list[str] = []
    pictures: list[Path] = []
    datasets: list[DetectionDataset] = []
    for word in paths:
        path = user_path(word)
        if _is_labelled(path):
            datasets.append(open_dataset(path))
        elif path.is_file() and is_image(path):
            pictures.append(path)
        elif path.is_dir():
            clips, found = _of_folder(path)
            videos += clips if clips or found else expand_sources([word])
            pictures += found
        else:
            videos += expand_sources([word])
    return Inputs(tuple(videos), tuple(pictures), tuple(datasets))


def _is_labelled(path: Path) -> bool:
    """DatasetError for a description of a data set that nobody understands."""
    if path.is_file():
        return path.suffix.lower() in _DESCRIPTIONS and guess_format(path) != FOLDERS
    with suppress(DatasetError):
        return path.is_dir() and guess_format(path) != FOLDERS
    return False


def _of_folder(folder: Path) -> tuple[list[str], list[Path]]:
    """Its videos and pictures; with the pictures of its folders where it has no videos.

    Videos of its folders are not taken: what `track` wrote may be there. What is left out is said.
    """
    files = list(folder.glob("*"))  # not iterdir: `expand_sources` says it where none may be seen
    videos = _videos(files)
    pictures = list_images(folder, deep=not videos)
    if not videos and not pictures:
        return [], []
    deep = list(folder.rglob("*"))
    _tell_left_out(folder, "videos", len(_videos(deep)) - len(videos))
    if videos:
        _tell_left_out(folder, "pictures", len(list_images(folder)) - len(pictures))
    _tell_unread(folder, pictures, files if videos else deep)
    return [str(video) for video in videos], pictures


def _videos(paths: Iterable[Path]) -> list[Path]:
    found = (path for path in paths if not path.name.startswith(".") and is_video(path))
    return sorted(found, key=natural_order)


def _tell_left_out(folder: Path, what: str, count: int) -> None:
    if count:
        message = f"{folder}: {count} {what} in its folders are left out; give these folders too"
        warnings.warn(message, LabelWarning, stacklevel=2)


def _tell_unread(folder: Path, pictures: Sequence[Path], files: Iterable[Path]) -> None:
    """Say that the labels of pictures, if that is what some of the files are, are not read."""
    names = {picture.stem for picture in pictures}
    unread = [
        path
        for path in sorted(files)
        if path.suffix.lower() in _LIKE_LABELS
        or (path.suffix.lower() == ".txt" and path.stem in names)
    ]
    if pictures and unread:
        more = f" and {len(unread) - 1} more files look" if len(unread) > 1 else " looks"
        message = (
            f"{unread[0]}{more} like labels, but of no format that is known: the pictures are "
            f"labelled as if they had none; `acme-tracker data check {folder}` says what is read"
        )
        warnings.warn(message, LabelWarning, stacklevel=2)


def _of_dataset(
    dataset: DetectionDataset, vocabulary: Vocabulary, leave: Sequence[str]
) -> Iterator[Shot]:
    for number, image in enumerate(dataset):
        yield Shot(
            image.name,
            partial(load_image, image.path),
            image.split or "train",
            image.path,
            human=human_labels(dataset, number, vocabulary),
            finished=not (image.split or "train").startswith("train")
            or Path(image.name).name.startswith(tuple(leave)),
        )


def video_shots(word: str, settings: LabelSettings) -> Iterator[Shot]:
    """Frames of a video, `every_s` apart, each with what came a moment before and after."""
    with open_source(word, SourceSettings()) as source:
        if source.info.live:
            raise SourceError(f"{source.info.source_id} is live: record it first, then label that")
        every_s = _spacing(source.info, settings)
        frames = around(source, every_s, settings.aside_s)
        for before, frame, after in islice(frames, settings.most):
            yield Shot(
                f"{source.info.name}_{frame.index:06d}.jpg",
                partial(_image, frame),
                around=tuple(partial(_image, each) for each in (before, after) if each),
                clip=word,
                time_s=frame.time_s,
            )


def _image(frame: Frame) -> Image:
    return frame.image


def _spacing(info: SourceInfo, settings: LabelSettings) -> float:
    """Seconds between frames, so that `most` of them reach over the whole video."""
    if settings.most is None or info.frame_count is None or not info.frame_rate:
        return settings.every_s
    return max(settings.every_s, info.frame_count / info.frame_rate / settings.most)


def around(
    frames: Iterable[Frame], every_s: float, aside_s: float
) -> Iterator[tuple[Frame | None, Frame, Frame | None]]:
    """(before, frame, after) for frames `every_s` apart: the nearest to `aside_s` away, if any."""
    recent: deque[Frame] = deque()
    waiting: deque[tuple[Frame | None, Frame]] = deque()
    due_s = 0.0
    for frame in frames:
        while len(recent) > 1 and recent[1].time_s <= frame.time_s - aside_s + _SLACK_S:
            recent.popleft()
        while waiting and frame.time_s >= waiting[0][1].time_s + aside_s - _SLACK_S:
            yield (*waiting.popleft(), frame)
        if frame.time_s >= due_s - _SLACK_S:
            waiting.append((recent[0] if recent else None, frame))
            due_s = max(due_s + every_s, frame.time_s + every_s / 2)
        recent.append(frame)
    for before, frame in waiting:
        yield before, frame, None
