"""How well does a visual tracker know that it is right? Fits its calibration to human boxes.

    python benchmarks/calibrate_visual.py --data FOLDER [--tracker dlib] [--tracker flow]

FOLDER holds sequences with true tracks in any format that `acme-tracker evaluate following` reads.
Targets start on their true boxes every second and are followed for two, without help. For each
sequence the curve is fitted on all the others; the last line, fitted on all, is what belongs in
calibration.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2

from acme_tracker.config import VisualTrackerSettings
from acme_tracker.datasets import Sequence as TruthSequence
from acme_tracker.datasets import open_sequences
from acme_tracker.evaluation.following import FollowedBoxes, follow_sequence
from acme_tracker.metrics.confidence import auroc, reliability
from acme_tracker.tracking.visual.calibration import LogisticCalibration
from acme_tracker.tracking.visual.registry import open_visual_tracker

FOLLOW_S = 2.0
START_EVERY_S = 1.0
UNKNOWN_RATE = 25.0


def follow(names: Sequence[str], sequence: TruthSequence, frames: int) -> list[FollowedBoxes]:
    """What each tracker said of its boxes, and how right they were."""
    rate = sequence.frame_rate or UNKNOWN_RATE
    starts = range(0, min(frames, sequence.length), max(1, round(START_EVERY_S * rate)))
    makers = [partial(open_visual_tracker, VisualTrackerSettings(name=name)) for name in names]
    followed = follow_sequence(sequence, makers, starts, round(FOLLOW_S * rate))
    return [one.boxes for one in followed]


def fit(samples: Sequence[FollowedBoxes]) -> LogisticCalibration:
    boxes = FollowedBoxes.concatenate(samples)
    return LogisticCalibration.fit(boxes.quality, boxes.right)


def report(name: str, samples: dict[str, FollowedBoxes]) -> None:
    """One line a held-out sequence; `caught` and `false` are what a confidence below 0.5 flags."""
    print(f"\n{name:<28}{'boxes':>7}{'right':>7}{'AUROC':>7}{'ECE':>7}{'caught':>8}{'false':>7}")
    for held_out, boxes in samples.items():
        curve = fit([sample for other, sample in samples.items() if other != held_out])
        confidence, right = curve(boxes.quality), boxes.right
        low = confidence < 0.5
        figures = (right.mean(), auroc(boxes.quality, right), reliability(confidence, right).error)
        print(
            f"{held_out:<28}{len(right):>7}"
            + "".join(f"{figure:>7.3f}" for figure in figures)
            + f"{low[~right].mean():>8.2f}{low[right].mean():>7.2f}"
        )
    curve = fit(list(samples.values()))
    print(f"all: midpoint={curve.midpoint:.3g}, slope={curve.slope:.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and judge the calibration of visual trackers")
    parser.add_argument("--data", type=Path, required=True, help="folder of sequences")
    parser.add_argument("--tracker", action="append", help="name of a visual tracker, repeatable")
    parser.add_argument("--frames", type=int, default=150, help="first frames to start on")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    names = arguments.tracker or ["dlib", "flow"]
    sequences = open_sequences(arguments.data)
    followed = [follow(names, sequence, arguments.frames) for sequence in sequences]
    for name, samples in zip(names, zip(*followed, strict=True), strict=True):
        report(name, dict(zip([s.name for s in sequences], samples, strict=True)))


if __name__ == "__main__":
    main()
