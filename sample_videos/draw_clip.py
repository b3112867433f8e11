"""Draws a roadside clip with exact truth: python draw_clip.py --out sample_videos/drawn_crossing

Writes video.mp4, gt/gt.txt (MOTChallenge) with gt/labels.txt, and seqinfo.ini. The same seed gives
the same pictures and the same truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from road_users import (
    CAMERA_M,
    FOCAL_PX,
    HEIGHT,
    HORIZON_PX,
    WIDTH,
    Mover,
    draw_mover,
    ground_point,
    place,
)

RATE, SECONDS, SEED = 25, 12, 7
CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")  # 1 to 6 in gt.txt
SEEN_ENOUGH, TALL_ENOUGH_PX = 0.25, 16  # less is flagged 0: neither right nor wrong to find
Picture = NDArray[np.float32]  # (H, W, 3) BGR, 0 to 255

CAR, PERSON = (4.4, 1.8, 1.5), (0.6, 0.45, 1.75)
# Colours differ from the road's in brightness: a detector of motion looks at nothing else.
TRAFFIC = (
    Mover("car", 9.6, 8.0, 0.4, (22, 18, 128), CAR, away=True),
    Mover("bicycle", 14.8, 5.0, 1.2, (70, 200, 90), (1.75, 0.5, 1.7)),
    Mover("person", 12.4, 1.5, 0.8, (150, 90, 50), PERSON),
    Mover("person", 12.0, -1.4, 3.0, (60, 205, 240), PERSON),
    Mover("car", 16.9, 9.5, 1.9, (222, 188, 140), CAR),
    Mover("motorcycle", 16.9, 9.5, 3.6, (40, 40, 200), (2.1, 0.8, 1.6)),
    Mover("bus", 20.4, 7.0, 4.1, (40, 150, 225), (11.0, 2.5, 3.0)),
    Mover("truck", 28.6, -7.5, 1.6, (190, 190, 186), (8.2, 2.4, 3.2)),
    Mover("car", 25.2, -9.0, 3.4, (36, 34, 32), CAR),
    Mover("car", 25.2, -9.0, 5.2, (44, 160, 190), CAR),
    Mover("car", 16.9, 9.5, 7.0, (40, 62, 28), CAR),
    Mover("car", 20.4, 7.0, 8.6, (214, 214, 212), CAR),
    Mover("bicycle", 14.8, 5.5, 8.4, (160, 70, 120), (1.75, 0.5, 1.7)),
    Mover("car", 28.6, -7.5, 7.0, (112, 34, 26), CAR),
    Mover("truck", 25.2, -9.0, 9.0, (90, 140, 60), (6.4, 2.3, 2.8)),
)


@dataclass(frozen=True)
class TruthRow:
    """One mover on one frame. The box is of what lies in the picture, right, bottom exclusive."""

    track_id: int
    kind: str
    xyxy: tuple[int, int, int, int]
    visibility: float

    @property
    def scored(self) -> bool:
        tall = self.xyxy[3] - self.xyxy[1] >= TALL_ENOUGH_PX
        return tall and self.visibility >= SEEN_ENOUGH

    def mot(self, frame_number: int) -> str:
        left, top, right, bottom = self.xyxy
        box = f"{left},{top},{right - left},{bottom - top}"
        kind = CLASSES.index(self.kind) + 1
        return f"{frame_number},{self.track_id},{box},{self.scored:d},{kind},{self.visibility:.3f}"


def noise(rng: np.random.Generator, cell: int, size: tuple[int, int]) -> Picture:
    """Smooth random values (H, W, 1), deviation about 1, that change over `cell` pixels."""
    few = rng.standard_normal((size[1] // cell + 2, size[0] // cell + 2), np.float32)
    return np.asarray(cv2.resize(few, size, interpolation=cv2.INTER_CUBIC)[..., None], np.float32)


def draw_scene(rng: np.random.Generator) -> Picture:
    """The road without traffic, drawn at twice the size and averaged."""
    size = (2 * WIDTH, 2 * HEIGHT)
    column, row = np.meshgrid(*(np.arange(side, dtype=np.float32) / 2 for side in size))
    z = FOCAL_PX * CAMERA_M / np.maximum(row - HORIZON_PX, 0.5)
    x = (column - WIDTH / 2) * z / FOCAL_PX
    scene = np.empty((size[1], size[0], 3), np.float32)
    scene[:] = (72, 112, 92)  # grass
    street = (x > 4.6) & (x < 11.6)
    road = ((z > 13.2) & (z < 31)) | street
    pavement = ((z > 9) & (z < 13.2)) | ((z > 31) & (z < 36.5))
    scene[pavement] = (150, 156, 160)
    scene[pavement & ((np.abs(x % 1.2) < 0.06) | (np.abs(z % 1.2) < 0.06))] = (132, 138, 142)
    kerb = (np.abs(z - 13.1) < 0.12) | (np.abs(z - 31.1) < 0.2)
    scene[kerb] = (178, 182, 184)
    scene[road] = (104, 102, 100)
    free = ~((x > 3.4) & (x < 12.8))  # no markings across the junction
    dashes = (x % 6 < 3) & ((np.abs(z - 18.6) < 0.09) | (np.abs(z - 27) < 0.12))
    scene[free & (dashes | (np.abs(z - 15.5) < 0.07) | (np.abs(z - 30.4) < 0.12))] = (206, 208, 208)
    scene[free & (np.abs(np.abs(z - 22.9) - 0.2) < 0.08)] = (110, 190, 215)
    scene[(np.abs(x - 8.1) < 0.09) & ((z < 12.5) | (z > 32)) & (z % 5 < 2.5)] = (206, 208, 208)
    zebra = (x > -1.6) & (x < 2) & (z > 13.6) & (z < 30.4) & (z % 1.3 < 0.6)
    scene[zebra] = (200, 202, 202)
    for cell, strength in ((2, 4.5), (6, 5.0), (24, 4.0), (90, 4.0)):
        scene += strength * noise(rng, cell, size)
    draw_background(scene, street & (z > 38) & (row > HORIZON_PX + 1), rng)
    return np.asarray(cv2.resize(scene, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)


def draw_background(scene: Picture, street: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Sky, houses with windows and trees, above the far pavement; the side street stays open."""
    open_street = scene[street]
    foot = round(2 * place(0, 39)[1])
    scene[: round(2 * HORIZON_PX)] = np.linspace(
        (226, 205, 180), (232, 226, 216), round(2 * HORIZON_PX)
    )[:, None]
    for left, right in ((0, 190), (200, 410), (425, 640), (960, 1130), (1140, 1280)):
        wall = np.array([150, 160, 175]) + rng.uniform(-30, 30) + rng.uniform(-9, 9, 3)
        roof = int(rng.uniform(6, 34))
        scene[roof:foot, left:right] = wall
        scene[roof : roof + 6, left:right] = 0.6 * wall
        for top in range(roof + 18, foot - 40, 34):
            for side in range(left + 14, right - 24, 34):
                lit = rng.uniform(60, 120)
                scene[top : top + 20, side : side + 16] = (lit + 20, lit + 8, lit)
        scene[roof:foot, left:right] += 3 * noise(rng, 3, (right - left, foot - roof))
    for middle in (30, 170, 330, 480, 600, 1010, 1090, 1230):
        for _ in range(60):
            spot = rng.normal((middle, foot - 46), (17, 17)).astype(int).tolist()
            green = rng.uniform(0.6, 1.15) * np.array((52, 104, 74))
            cv2.circle(scene, spot, int(rng.uniform(3, 9)), green.tolist(), -1, cv2.LINE_AA)
        scene[foot - 26 : foot + 3, middle - 2 : middle + 3] = (46, 60, 74)
    scene[street] = open_street


def draw_pole(scene: Picture) -> NDArray[np.bool_]:
    """A lamp post that stands before the road, over everything; returns where."""
    middle, base = place(-4.8, 13.0)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for column in range(round(middle) - 5, round(middle) + 5):
        light = 70 + 70 * np.cos((column - middle + 2) / 5)
        scene[: round(base), column] = (light, light, 0.96 * light)
        mask[: round(base), column] = True
    return mask


def cast_shadow(shadow: NDArray[np.float32], mover: Mover, x: float, z: float) -> None:
    """Dark ground under a mover, as below an overcast sky."""
    length, width, _ = mover.shape
    half, deep = (width / 2, 1.5) if mover.away else (length / 2, width)
    corners = [(-half, -0.15), (half, -0.15), (half, deep), (-half, deep)]
    points = [place(x + along, z + back) for along, back in corners]
    cv2.fillPoly(shadow, [np.round(np.array(points) * 16).astype(np.int32)], 1.0, shift=4)


def crop(left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    return max(left, 0), max(top, 0), min(right, WIDTH), min(bottom, HEIGHT)


def draw_frame(
    background: Picture, pole: NDArray[np.bool_], time_s: float
) -> tuple[Picture, list[TruthRow]]:
    """The picture of one moment, before light and sensor noise, and the truth about it."""
    points = [ground_point(mover, time_s) for mover in TRAFFIC]
    there = [
        i for i, mover in enumerate(TRAFFIC) if time_s >= mover.enters_s and points[i][1] < 150
    ]
    picture, shadow = background.copy(), np.zeros((HEIGHT, WIDTH), np.float32)
    for i in there:
        cast_shadow(shadow, TRAFFIC[i], *points[i])
    picture *= 1 - 0.3 * cv2.GaussianBlur(shadow, (0, 0), 1.5)[..., None]
    owner = np.full((HEIGHT, WIDTH), -1)
    drawn = {}
    for i in sorted(there, key=lambda i: -points[i][1]):  # far ones first
        brush = draw_mover(TRAFFIC[i], *points[i], time_s)
        colours, cover = brush.finish(SEED + i)
        left, top, right, bottom = crop(brush.left, brush.top, brush.right, brush.bottom)
        if left >= right or top >= bottom:
            continue
        inside = np.s_[top - brush.top : bottom - brush.top, left - brush.left : right - brush.left]
        spot = picture[top:bottom, left:right]
        spot *= 1 - cover[inside]
        spot += colours[inside]
        solid = cover[..., 0] >= 0.5
        owner[top:bottom, left:right][solid[inside]] = i
        drawn[i] = (solid[inside], left, top, int(solid.sum()))
    picture[pole] = background[pole]
    owner[pole] = -1
    return picture, [row for i, d in sorted(drawn.items()) for row in truth_of(i, owner, *d)]


def truth_of(
    i: int, owner: NDArray[np.int64], solid: NDArray[np.bool_], left: int, top: int, whole: int
) -> Iterator[TruthRow]:
    """The row of a mover with `whole` pixels, of which `solid` lie in the picture; or none."""
    rows, columns = np.nonzero(solid)
    if len(rows):
        box = (left + int(columns.min()), top + int(rows.min()),
               left + int(columns.max()) + 1, top + int(rows.max()) + 1)  # fmt: skip
        yield TruthRow(i + 1, TRAFFIC[i].kind, box, int((owner == i).sum()) / whole)


def draw_clip(frames: int = RATE * SECONDS) -> Iterator[tuple[NDArray[np.uint8], list[TruthRow]]]:
    """Each frame (H, W, 3) BGR with its truth."""
    rng = np.random.default_rng(SEED)
    background = draw_scene(rng)
    pole = draw_pole(background)
    for number in range(frames):
        time_s = number / RATE
        picture, rows = draw_frame(background, pole, time_s)
        light = 1 + 0.02 * np.sin(2 * np.pi * time_s / 7) + 0.004 * rng.standard_normal()
        sensor = rng.normal(0, 2.0, picture.shape)
        yield np.clip(picture * light + sensor, 0, 255).astype(np.uint8), rows


def write_clip(out: Path) -> None:
    """Everything that belongs to the clip but its README."""
    import av

    (out / "gt").mkdir(parents=True, exist_ok=True)
    truth: list[str] = []
    with av.open(str(out / "video.mp4"), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "20", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for number, (image, rows) in enumerate(draw_clip()):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
            truth += [row.mot(number + 1) for row in rows]
        container.mux(stream.encode())
    (out / "gt" / "gt.txt").write_text("\n".join(truth) + "\n")
    (out / "gt" / "labels.txt").write_text("\n".join(CLASSES) + "\n")
    (out / "seqinfo.ini").write_text(
        f"[Sequence]\nname={out.name}\nframeRate={RATE}\nseqLength={RATE * SECONDS}\n"
        f"imWidth={WIDTH}\nimHeight={HEIGHT}\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the clip")
    write_clip(parser.parse_args().out)
