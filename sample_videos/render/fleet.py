"""Every kind of road user by its name, and the colours they come in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from render.cars import FORMS, car
from render.heavies import articulated, box_truck, bus, tipper
from render.models import Model
from render.people import cyclist, motorcyclist, walker

Colour = tuple[float, float, float]

_OTHERS: dict[str, Callable[[], Model]] = {
    "bus": bus,
    "midibus": lambda: bus("midibus", 9.0),
    "box-truck": box_truck,
    "delivery-truck": lambda: box_truck("delivery-truck", 6.4, 3.05),
    "tipper": tipper,
    "articulated": articulated,
    "articulated-box": lambda: articulated("articulated-box", canvas=False),
    "walker": walker,
    "walker-coat": lambda: walker("walker-coat", coat=True),
    "walker-bag": lambda: walker("walker-bag", bag=True),
    "cyclist": cyclist,
    "cyclist-bare": lambda: cyclist("cyclist-bare", helmet=False),
    "motorcyclist": motorcyclist,
    "scooter": lambda: motorcyclist("scooter", scooter=True),
}
NAMES = (*(form.name for form in FORMS), *_OTHERS)
CARS = ("hatchback", "saloon", "suv", "estate", "compact", "minivan", "minibus", "van")
CAR_SHARES = (0.24, 0.20, 0.19, 0.14, 0.09, 0.07, 0.03, 0.04)
WALKERS = ("walker", "walker-coat", "walker-bag")

# Linear light, after the colours that new cars are sold in.
_PAINTS: tuple[tuple[float, Colour], ...] = (
    (0.24, (0.62, 0.62, 0.61)), (0.14, (0.36, 0.37, 0.38)), (0.18, (0.012, 0.012, 0.014)),
    (0.16, (0.10, 0.105, 0.11)), (0.07, (0.015, 0.035, 0.12)), (0.05, (0.05, 0.11, 0.22)),
    (0.07, (0.28, 0.012, 0.012)), (0.03, (0.16, 0.12, 0.085)), (0.03, (0.02, 0.06, 0.035)),
    (0.02, (0.45, 0.20, 0.02)), (0.01, (0.5, 0.40, 0.03)),
)  # fmt: skip
_CLOTHES: tuple[Colour, ...] = (
    (0.02, 0.02, 0.025), (0.03, 0.05, 0.11), (0.18, 0.18, 0.19), (0.45, 0.44, 0.42),
    (0.25, 0.02, 0.03), (0.10, 0.13, 0.07), (0.28, 0.20, 0.11), (0.05, 0.16, 0.25),
    (0.50, 0.30, 0.03), (0.08, 0.02, 0.09),
)  # fmt: skip
_BUSES: tuple[Colour, ...] = (
    (0.55, 0.40, 0.03), (0.45, 0.02, 0.02), (0.60, 0.60, 0.58), (0.04, 0.14, 0.30),
)  # fmt: skip
_TRAILERS: tuple[Colour, ...] = (
    (0.55, 0.55, 0.54), (0.03, 0.09, 0.28), (0.33, 0.03, 0.03), (0.03, 0.16, 0.09),
    (0.50, 0.27, 0.02), (0.16, 0.17, 0.18),
)  # fmt: skip


@cache
def model(name: str) -> Model:
    for form in FORMS:
        if form.name == name:
            return car(form)
    return _OTHERS[name]()


def colours(kind: str, rng: np.random.Generator) -> tuple[Colour, Colour]:
    """The body's (or the shirt's), and the trailer's or the second garment's."""
    if kind == "person":
        return _pick(_CLOTHES, rng), _pick(_CLOTHES, rng)
    if kind == "bus":
        return _pick(_BUSES, rng), _pick(_BUSES, rng)
    shares = np.array([share for share, _ in _PAINTS])
    paint = _PAINTS[int(rng.choice(len(_PAINTS), p=shares / shares.sum()))][1]
    return paint, _pick(_TRAILERS, rng)


def _pick(among: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return among[int(rng.integers(len(among)))]
