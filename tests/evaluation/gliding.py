"""A tiny labelled sequence on disk: textured patches that glide over a textured scene."""

from __future__ import annotations

from pathlib import Path

import cv2

from acme_tracker.boxes import to_ltwh
from tests.fakes import moving_patches

STARTS = ((20.0, 30.0), (60.0, 150.0))
PATCH = (40, 30)


def write_gliding(folder: Path, frames: int = 20, labels: bool = True) -> Path:
    """A MOTChallenge folder of two patches, tracks 1 (class 1) and 2 (class 2), at 25 a second."""
    pictures, truth = moving_patches(STARTS, (3, 1), frames, PATCH)
    (folder / "gt").mkdir(parents=True)
    (folder / "img1").mkdir()
    lines = []
    for frame, xyxy in zip(pictures, truth, strict=True):
        data = cv2.imencode(".png", frame.image)[1].tobytes()
        (folder / "img1" / f"{frame.index + 1:06d}.png").write_bytes(data)
        for number, box in enumerate(to_ltwh(xyxy).tolist(), 1):
            words = ",".join(f"{side:.6g}" for side in box)
            lines.append(f"{frame.index + 1},{number},{words},1,{number},1")
    (folder / "gt" / "gt.txt").write_text("\n".join(lines) + "\n")
    if labels:
        (folder / "gt" / "labels.txt").write_text("car\nbus\n")
    info = f"name=x\nframeRate=25\nseqLength={frames}\nimWidth=320\nimHeight=240\n"
    (folder / "seqinfo.ini").write_text(f"[Sequence]\n{info}")
    return folder
