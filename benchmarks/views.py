"""Clips seen in several ways: what is better in all of them is not so by chance.

A tracker that looks seldom does better or worse by a point of HOTA with the frame that it happens
to look at first, and with the side that traffic keeps to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from acme_tracker.config import OutputSettings, SourceSettings
from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datatypes import FrameResult, TrackRows, Tracks
from acme_tracker.evaluation.frames import open_frames
from acme_tracker.video.sinks import VideoSink
from acme_tracker.yuv import Yuv

LATER_S = 0.44  # 11 frames at 25 a second: in step with no usual cadence


@dataclass(frozen=True)
class View:
    """Clips from `start_s` on, as they are or mirrored."""

    start_s: float
    mirrored: bool

    def __str__(self) -> str:
        return f"from {self.start_s:g} s" + ", mirrored" * self.mirrored


def first_views(count: int) -> list[View]:
    """The clips themselves, their mirror images, both from a little later on, ..."""
    return [View(round(LATER_S * (number // 2), 2), bool(number % 2)) for number in range(count)]


def mirrored(sequences: Sequence[TruthSequence], folder: Path) -> list[TruthSequence]:
    """Mirror images of videos with their truth; the videos, lossless, go into a folder."""
    return [_mirrored(sequence, folder / f"{sequence.name}.mp4") for sequence in sequences]


def _mirrored(sequence: TruthSequence, path: Path) -> TruthSequence:
    lossless = OutputSettings(preset="ultrafast", crf=0)
    with open_frames(sequence, SourceSettings()) as source:
        info = source.info
        with VideoSink(path, info, lossless, lambda result: _turned(result.frame.yuv())) as sink:
            for frame in source:
                sink.write(FrameResult(frame, Tracks.empty()))
    return replace(sequence, path=path, rows=_turned_rows(sequence.rows, info.size[0]))


def _turned(picture: Yuv) -> Yuv:
    pixels = np.concatenate([plane[:, ::-1].reshape(-1) for plane in picture.planes])
    return replace(picture, pixels=pixels.reshape(picture.pixels.shape))


def _turned_rows(rows: TrackRows, width: int) -> TrackRows:
    left, top, right, bottom = rows.xyxy.T
    return replace(rows, xyxy=np.stack([width - right, top, width - left, bottom], axis=1))
