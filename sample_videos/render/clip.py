"""Rendered frames to a clip: pictures, truth, scene card, poster and card."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from render import encode, lens, truth
from render.counts import scene_card
from render.models import CLASSES
from render.movers import Mover
from render.placing import placed, within
from render.scene import Scene
from render.traffic import Simulation


@dataclass(frozen=True)
class Cache:
    """Where a clip's frames lie while it is rendered."""

    folder: Path

    def light(self, number: int) -> Path:
        return self.folder / f"{number:05d}.exr"

    def index(self, number: int) -> Path:
        return self.folder / f"{number:05d}-index.png"

    @property
    def meshes(self) -> Path:
        return self.folder / "meshes.npz"

    def missing(self, frames: Sequence[int]) -> list[int]:
        return [n for n in frames if not (self.light(n).is_file() and self.index(n).is_file())]


def movers_of(scene: Scene) -> list[Mover]:
    """The scene's traffic: the same for the same seed."""
    simulation = Simulation(scene.routes, scene.signals, scene.seed, scene.cast)
    return simulation.run(scene.warm_up_s, scene.seconds)


def load_meshes(path: Path) -> dict[str, tuple[NDArray[np.float32], NDArray[np.int32]]]:
    with np.load(path) as file:
        names = {key.rpartition(":")[0] for key in file.files}
        return {name: (file[f"{name}:vertices"], file[f"{name}:faces"]) for name in names}


def truth_of(
    scene: Scene, movers: Sequence[Mover], meshes: truth.Meshes, number: int, index: truth.Index
) -> list[truth.TruthRow]:
    """The rows of one frame, numbered from 0."""
    time_s = number / scene.frame_rate
    rows = []
    for mover in movers:
        if within(scene, mover, time_s):
            pieces = placed(scene, mover, time_s)
            found = truth.row(scene.camera, mover.track_id, mover.kind, pieces, meshes, index)
            if found is not None:
                rows.append(found)
    return rows


def read_light(path: Path) -> lens.Light:
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
    light = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if light is None:
        raise OSError(f"{path} is no picture that OpenCV reads: delete it and render again")
    return np.asarray(light[..., :3], np.float32)


def pictures(scene: Scene, cache: Cache, frames: Sequence[int]) -> Iterator[lens.Picture]:
    for number in frames:
        rng = np.random.default_rng((scene.seed, number))
        yield lens.develop(read_light(cache.light(number)), lens.LOOKS[scene.weather], rng)


def write_clip(
    scene: Scene, movers: Sequence[Mover], cache: Cache, out: Path, crf: int, loose: bool = False
) -> None:
    """Everything that a clip's folder holds; `loose`: frames are img1/*.jpg, not a video."""
    (out / "gt").mkdir(parents=True, exist_ok=True)
    frames = scene.frames
    numbers = range(frames)
    meshes = load_meshes(cache.meshes)
    spans: dict[int, tuple[int, int]] = {}
    with (out / "gt" / "gt.txt").open("w", encoding="utf-8") as file:
        for number in numbers:
            index = cv2.imread(str(cache.index(number)), cv2.IMREAD_UNCHANGED)
            for row in truth_of(scene, movers, meshes, number, np.asarray(index, np.uint16)):
                file.write(row.mot(number + 1) + "\n")
                first, _ = spans.get(row.track_id, (number + 1, 0))
                spans[row.track_id] = (first, number + 1)
    (out / "gt" / "labels.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    width, height = scene.camera.size
    (out / "seqinfo.ini").write_text(
        f"[Sequence]\nname={out.name}\nframeRate={scene.frame_rate}\nseqLength={frames}\n"
        f"imWidth={width}\nimHeight={height}\n",
        encoding="utf-8",
    )
    card = scene_card(scene, movers, spans, frames)
    (out / "scene.json").write_text(json.dumps(card, separators=(",", ":")) + "\n")
    shown = pictures(scene, cache, numbers)
    if loose:
        encode.write_pictures(shown, out / "img1")
    else:
        encode.encode(shown, out / "video.mp4", scene.frame_rate, scene.camera.size, crf)
    poster = next(pictures(scene, cache, [frames // 2]))
    cv2.imwrite(str(out / "poster.jpg"), poster, [cv2.IMWRITE_JPEG_QUALITY, 88])
    (out / "README.md").write_text(readme(scene, out.name), encoding="utf-8")


def readme(scene: Scene, name: str) -> str:
    width, height = scene.camera.size
    template = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    return template.format(
        name=name,
        scene=scene.name,
        title=scene.title[0].upper() + scene.title[1:],
        seconds=scene.frames / scene.frame_rate,
        width=width,
        height=height,
        frame_rate=scene.frame_rate,
        classes=", ".join(f"{number + 1} {label}" for number, label in enumerate(CLASSES)),
        seen_enough=truth.SEEN_ENOUGH,
        tall_enough=truth.TALL_ENOUGH_PX,
        seed=scene.seed,
        weather=scene.weather,
    )
