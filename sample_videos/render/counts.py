"""What the tracks did on the ground: ways, speeds, and crossings of lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from render import fleet
from render.models import CLASSES, FRONT_OF_HITCH_M
from render.movers import Mover, pose
from render.scene import CountingLine, Scene

Array = NDArray[np.float64]
BIN_S = 15.0
NEAR_S = 0.02
Spans = Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Crossing:
    """A road user's middle passed over a line."""

    line: str
    track_id: int
    kind: str
    direction: str
    time_s: float
    frame: int
    speed_m_s: float


@dataclass(frozen=True)
class Way:
    """A road user's middle on the ground, frame by frame: numbers from 1, metres, m/s."""

    track_id: int
    kind: str
    model: str
    movement: str
    frames: list[int]
    xy: list[tuple[float, float]]
    headings: list[float]
    speeds: list[float]


def ways(scene: Scene, movers: Sequence[Mover], spans: Spans) -> list[Way]:
    """Of each road user in `spans`, in these frames: the first and the last, counted from 1."""
    found = []
    for mover in movers:
        if mover.track_id not in spans:
            continue
        first, last = spans[mover.track_id]
        way = Way(mover.track_id, mover.kind, mover.model, mover.route.movement, [], [], [], [])
        for number in range(first, last + 1):
            now = pose(mover, (number - 1) / scene.frame_rate)
            if now is not None:
                way.frames.append(number)
                way.xy.append((now.x, now.y))
                way.headings.append(now.heading)
                way.speeds.append(_speed(mover, (number - 1) / scene.frame_rate))
        if way.frames:
            found.append(way)
    return found


def _speed(mover: Mover, time_s: float) -> float:
    """Over the ground; the pose's own is along the path, beside which curves are longer."""
    near = (pose(mover, time_s - NEAR_S), pose(mover, time_s), pose(mover, time_s + NEAR_S))
    known = [(one.x, one.y) for one in near if one is not None]
    steps = np.diff(np.array(known), axis=0)
    return float(np.linalg.norm(steps, axis=1).sum() / (NEAR_S * max(1, len(steps))))


def crossings(scene: Scene, found: Sequence[Way]) -> list[Crossing]:
    """In order of time."""
    all_ = [c for way in found for line in scene.lines for c in _over(scene, way, line)]
    return sorted(all_, key=lambda crossing: (crossing.time_s, crossing.track_id))


def _over(scene: Scene, way: Way, line: CountingLine) -> list[Crossing]:
    points = np.array(way.xy)
    start, end = np.array(line.start), np.array(line.end)
    along = end - start
    side = along[0] * (points[:, 1] - start[1]) - along[1] * (points[:, 0] - start[0])
    found = []
    for step in np.flatnonzero((side[:-1] > 0) != (side[1:] > 0)):
        share = side[step] / (side[step] - side[step + 1])
        point = points[step] + share * (points[step + 1] - points[step])
        if not 0 <= (point - start) @ along / (along @ along) <= 1:
            continue
        time_s = (way.frames[step] - 1 + float(share)) / scene.frame_rate
        speed = way.speeds[step] + float(share) * (way.speeds[step + 1] - way.speeds[step])
        # Left of the line first: on its right hand side afterwards.
        direction = "forward" if side[step] > 0 else "backward"
        found.append(
            Crossing(line.name, way.track_id, way.kind, direction, round(time_s, 4),
                     way.frames[step + 1], round(speed, 3))
        )  # fmt: skip
    return found


def binned(found: Sequence[Crossing], seconds: float) -> list[dict[str, object]]:
    """Crossings in spans of 15 s, by line, class and direction."""
    bins: list[dict[str, object]] = []
    for number in range(max(1, int(np.ceil(seconds / BIN_S - 1e-9)))):
        start, end = number * BIN_S, min((number + 1) * BIN_S, seconds)
        counts: dict[str, dict[str, dict[str, int]]] = {}
        for crossing in found:
            if start <= crossing.time_s < start + BIN_S:
                by_kind = counts.setdefault(crossing.line, {}).setdefault(crossing.kind, {})
                by_kind[crossing.direction] = by_kind.get(crossing.direction, 0) + 1
        bins.append({"start_s": start, "end_s": end, "counts": counts})
    return bins


def scene_card(
    scene: Scene, movers: Sequence[Mover], spans: Spans, frames: int
) -> dict[str, object]:
    """What scene.json holds; `spans` are the frames from a track's first row to its last."""
    found = ways(scene, movers, spans)
    crossed = crossings(scene, found)
    camera = scene.camera
    return {
        "name": scene.name,
        "title": scene.title,
        "seed": scene.seed,
        "weather": scene.weather,
        "frame_rate": scene.frame_rate,
        "frames": frames,
        "size": list(camera.size),
        "classes": list(CLASSES),
        "camera": {
            "position_m": list(camera.position),
            "rotation_world_to_camera": camera.rotation.round(9).tolist(),
            "intrinsics": camera.intrinsics.round(6).tolist(),
            "ground_to_image": camera.ground_to_image.tolist(),
            "image_to_ground": camera.image_to_ground.tolist(),
        },
        "lines": [
            {
                "name": line.name,
                "start_m": list(line.start),
                "end_m": list(line.end),
                "start_px": _pixel(scene, line.start),
                "end_px": _pixel(scene, line.end),
                "forward": line.forward,
                "backward": line.backward,
            }
            for line in scene.lines
        ],
        "crossings": [_crossing(crossing) for crossing in crossed],
        "bins": binned(crossed, frames / scene.frame_rate),
        "tracks": [_track(way) for way in found],
    }


def _crossing(crossing: Crossing) -> dict[str, object]:
    told = asdict(crossing)
    return {"line": told.pop("line"), "class": told.pop("kind"), **told}


def _track(way: Way) -> dict[str, object]:
    model = fleet.model(way.model)
    length = model.length
    if model.trailer is not None:
        length = model.length / 2 - model.hitch_x + model.trailer.length - FRONT_OF_HITCH_M
    return {
        "track_id": way.track_id,
        "class": way.kind,
        "model": way.model,
        "movement": way.movement,
        "size_m": [round(length, 2), model.width, round(model.height, 2)],
        "first_frame": way.frames[0],
        "xy_m": [[round(x, 3), round(y, 3)] for x, y in way.xy],
        "heading_rad": [round(h, 4) for h in way.headings],
        "speed_m_s": [round(v, 3) for v in way.speeds],
    }


def _pixel(scene: Scene, spot: tuple[float, float]) -> list[float] | None:
    pixels, depth = scene.camera.project(np.array([[*spot, 0.0]]))
    if depth[0] <= 0:
        return None
    return [round(float(v), 2) for v in pixels[0]]
