"""A crossing in daylight, seen from a mast beside one of its arms."""

from __future__ import annotations

from render.camera import Camera
from render.movers import Signals
from render.scene import CountingLine, Scene
from render.scenes import crossing

_NS, _LEFT, _EW = (
    frozenset({"ns", "ns-right"}),
    frozenset({"ns-left", "ew-right"}),
    frozenset({"ew", "ew-left"}),
)
# The clip begins 9 s before the first phase ends and shows all three.
SIGNALS = Signals(((24.0, _NS), (9.0, _LEFT), (18.0, _EW)), offset_s=15.5)
_SEED = 4
_CAST = {68: "motorcyclist"}  # of this seed's traffic none in view rides a motorcycle
_H = crossing.HALF
_WAYS = ("into the crossing", "out of the crossing")


def scene(seed: int | None = None) -> Scene:
    return Scene(
        name="intersection",
        title="a signalled crossing in daylight, seen from a mast",
        frame_rate=25,
        seconds=13.6,
        seed=_SEED if seed is None else seed,
        weather="day",
        camera=Camera((12.5, -37.0, 9.0), (-2.6, -1.0, 0.0), 800.0, (960, 540)),
        areas=(*crossing.ground(), *crossing.marks()),
        props=crossing.furniture(),
        buildings=crossing.buildings(),
        routes=crossing.routes(1.25),
        signals=SIGNALS,
        lines=(
            CountingLine("south", (_H, -13.5), (-_H, -13.5), *_WAYS),
            CountingLine("north", (-_H, 13.5), (_H, 13.5), *_WAYS),
            CountingLine("west", (-13.5, -_H), (-13.5, _H), *_WAYS),
            CountingLine("east", (13.5, _H), (13.5, -_H), *_WAYS),
        ),
        warm_up_s=51.0,
        cast=_CAST if seed in (None, _SEED) else {},
    )
