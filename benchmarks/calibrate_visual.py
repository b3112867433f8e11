"""How well does a visual tracker know that it is right? Fits its calibration to human boxes.

    python benchmarks/calibrate_visual.py --data FOLDER [--tracker dlib] [--tracker flow]

FOLDER holds sequences as MOTChallenge lays them out: <name>/video.mp4 and <name>/gt/gt.txt. Targets
start on their true boxes every second and are followed for two, without help. For each sequence the
curve is fitted on all the others; the last line, fitted on all, is what belongs in calibration.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from acme_tracker import boxes
from acme_tracker.config import VisualTrackerSettings
from acme_tracker.datatypes import Frame
from acme_tracker.tracking.visual.calibration import LogisticCalibration
from acme_tracker.tracking.visual.registry import open_visual_tracker

FOLLOW_S = 2.0
START_EVERY_S = 1.0

Truth = dict[int, NDArray[np.float64]]  # frame -> (N, 5) id and xyxy
Sample = tuple[NDArray[np.float32], NDArray[np.float32]]  # quality (N,), IoU with the truth (N,)


def read_truth(path: Path) -> Truth:
    """Boxes to score (flag 1) of a MOTChallenge gt.txt, by 0-based frame."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    rows = rows[rows[:, 6] == 1]
    table = np.column_stack([rows[:, 1:4], rows[:, 2:4] + rows[:, 4:6]])
    return {int(frame) - 1: table[rows[:, 0] == frame] for frame in np.unique(rows[:, 0])}


def read_frames(path: Path, limit: int) -> tuple[list[Frame], float]:
    """The first frames of a video, and its frame rate."""
    video = cv2.VideoCapture(str(path))
    rate = video.get(cv2.CAP_PROP_FPS)
    frames: list[Frame] = []
    while len(frames) < limit:
        found, image = video.read()
        if not found:
            break
        frames.append(Frame.of_image(np.asarray(image, np.uint8), len(frames), len(frames) / rate))
    return frames, rate


def follow(name: str, frames: list[Frame], rate: float, truth: Truth) -> Sample:
    """What a tracker said of its boxes, and how right they were."""
    quality, overlap = [], []
    for start in range(0, len(frames) - 1, max(1, round(START_EVERY_S * rate))):
        if start not in truth:
            continue
        tracker = open_visual_tracker(VisualTrackerSettings(name=name))
        ids, xyxy = truth[start][:, 0].astype(np.int64), truth[start][:, 1:].astype(np.float32)
        tracker.start(frames[start], ids, xyxy)
        for frame in frames[start + 1 : start + 1 + round(FOLLOW_S * rate)]:
            followed = tracker.update(frame)
            now = truth.get(frame.index, np.empty((0, 5)))
            _, here, there = np.intersect1d(followed.target_id, now[:, 0], return_indices=True)
            true = now[there, 1:].astype(np.float32)
            quality.append(followed.quality[here])
            overlap.append(np.diagonal(boxes.iou(followed.xyxy[here], true)))
    return np.concatenate(quality), np.concatenate(overlap)


def auroc(quality: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Chance that a right box has the higher quality than a wrong one."""
    _, place, count = np.unique(quality, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    good, bad = right.sum(), (~right).sum()
    return float((rank[right].sum() - good * (good + 1) / 2) / (good * bad))


def calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins."""
    of_bin = np.minimum((confidence * 10).astype(int), 9)
    gaps = [
        abs(confidence[of_bin == k].mean() - right[of_bin == k].mean()) * (of_bin == k).sum()
        for k in np.unique(of_bin)
    ]
    return float(sum(gaps) / len(right))


def fit(samples: list[Sample]) -> LogisticCalibration:
    quality, overlap = (np.concatenate(column) for column in zip(*samples, strict=True))
    return LogisticCalibration.fit(quality, overlap >= 0.5)


def report(name: str, samples: dict[str, Sample]) -> None:
    """One line a held-out sequence; `caught` and `false` are what a confidence below 0.5 flags."""
    print(f"\n{name:<28}{'boxes':>7}{'right':>7}{'AUROC':>7}{'ECE':>7}{'caught':>8}{'false':>7}")
    for held_out, (quality, overlap) in samples.items():
        curve = fit([sample for other, sample in samples.items() if other != held_out])
        confidence, right = curve(quality), overlap >= 0.5
        low = confidence < 0.5
        figures = (right.mean(), auroc(quality, right), calibration_error(confidence, right))
        print(
            f"{held_out:<28}{len(right):>7}"
            + "".join(f"{figure:>7.3f}" for figure in figures)
            + f"{low[~right].mean():>8.2f}{low[right].mean():>7.2f}"
        )
    curve = fit(list(samples.values()))
    print(f"all: midpoint={curve.midpoint:.3g}, slope={curve.slope:.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and judge the calibration of visual trackers")
    parser.add_argument("--data", type=Path, required=True, help="folder of MOTChallenge sequences")
    parser.add_argument("--tracker", action="append", help="name of a visual tracker, repeatable")
    parser.add_argument("--frames", type=int, default=150, help="first frames of each sequence")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    clips = {
        path.parent.parent.name: (
            *read_frames(path.parent.parent / "video.mp4", arguments.frames),
            read_truth(path),
        )
        for path in sorted(arguments.data.glob("*/gt/gt.txt"))
    }
    for name in arguments.tracker or ["dlib", "flow"]:
        report(name, {clip: follow(name, *parts) for clip, parts in clips.items()})


if __name__ == "__main__":
    main()
