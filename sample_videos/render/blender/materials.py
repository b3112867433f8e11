"""Blender materials by name."""
# mypy: ignore-errors

from __future__ import annotations

from collections.abc import Callable

import bpy


def material(name: str) -> bpy.types.Material:
    """The material of that name, made on first use."""
    found = bpy.data.materials.get(name)
    if found:
        return found
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    kind, *rest = name.split(":")
    if kind in RECIPES:
        RECIPES[kind](Graph(made), *rest)
    else:
        plain(Graph(made), **PLAIN[kind])
    return made


class Graph:
    """A material's nodes, wired by short calls."""

    def __init__(self, owner) -> None:
        self.tree = owner.node_tree
        self.shader = next(n for n in self.tree.nodes if n.type == "BSDF_PRINCIPLED")
        self.output = next(n for n in self.tree.nodes if n.type == "OUTPUT_MATERIAL")

    def node(self, kind: str, **inputs):
        """A node; keywords of its sockets are numbers, colours or other sockets."""
        node = self.tree.nodes.new(kind)
        for name, value in inputs.items():
            self.set(node, name, value)
        return node

    def set(self, node, name: str, value) -> None:
        socket = (
            node.inputs[int(name[1:])]
            if name[1:].isdigit()
            else node.inputs[name.replace("_", " ")]
        )
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def shade(self, **inputs) -> None:
        for name, value in inputs.items():
            self.set(self.shader, name, value)

    def maths(self, operation: str, *values):
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for index, value in enumerate(values):
            self.set(node, f"_{index}", value)
        return node.outputs[0]

    def mix(self, share, one, two):
        """A colour between two."""
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type = "RGBA"
        self.set(node, "_0", share)
        self.set(node, "_6", one)
        self.set(node, "_7", two)
        return node.outputs[2]

    def range(self, value, low: float, high: float, to_low: float = 0.0, to_high: float = 1.0):
        node = self.node("ShaderNodeMapRange")
        for index, item in enumerate((value, low, high, to_low, to_high)):
            self.set(node, f"_{index}", item)
        return node.outputs[0]

    def noise(self, scale: float, detail: float = 4.0, place=None, stretch=(1, 1, 1)):
        place = place or self.place()
        if stretch != (1, 1, 1):
            mapping = self.node("ShaderNodeMapping", Vector=place, Scale=stretch)
            place = mapping.outputs[0]
        node = self.node("ShaderNodeTexNoise", Vector=place, Scale=scale, Detail=detail)
        return node.outputs[0]

    def place(self, of: str = "world"):
        """World position, or the object's own (x, y, z)."""
        if of == "world":
            return self.node("ShaderNodeNewGeometry").outputs["Position"]
        return self.node("ShaderNodeTexCoord").outputs["Object"]

    def split(self, vector):
        return self.node("ShaderNodeSeparateXYZ", Vector=vector).outputs

    def bump(self, height, strength: float, distance: float = 0.02) -> None:
        node = self.node("ShaderNodeBump", Strength=strength, Distance=distance, Height=height)
        self.shade(Normal=node.outputs[0])

    def own(self, name: str):
        """A number that each object carries as its custom property."""
        node = self.node("ShaderNodeAttribute")
        node.attribute_type = "OBJECT"
        node.attribute_name = name
        return node.outputs["Fac"]

    def random(self):
        return self.node("ShaderNodeObjectInfo").outputs["Random"]

    def colour(self):
        return self.node("ShaderNodeObjectInfo").outputs["Color"]


def plain(graph: Graph, colour=(0.5, 0.5, 0.5), **inputs) -> None:
    graph.shade(Base_Color=(*colour, 1.0), **inputs)


PLAIN: dict[str, dict] = {
    "glass": {"colour": (0.012, 0.014, 0.016), "Roughness": 0.04, "IOR": 1.5},
    "trim": {"colour": (0.012, 0.012, 0.012), "Roughness": 0.45},
    "plastic": {"colour": (0.022, 0.022, 0.023), "Roughness": 0.6},
    "under": {"colour": (0.006, 0.006, 0.006), "Roughness": 0.9},
    "grille": {"colour": (0.01, 0.01, 0.01), "Roughness": 0.35},
    "tyre": {"colour": (0.016, 0.016, 0.016), "Roughness": 0.85},
    "rim": {"colour": (0.42, 0.42, 0.43), "Metallic": 0.9, "Roughness": 0.32},
    "chrome": {"colour": (0.7, 0.7, 0.7), "Metallic": 1.0, "Roughness": 0.12},
    "metal": {"colour": (0.30, 0.31, 0.32), "Metallic": 0.7, "Roughness": 0.5},
    "plate": {"colour": (0.72, 0.72, 0.70), "Roughness": 0.5},
    "white": {"colour": (0.72, 0.72, 0.72), "Roughness": 0.4},
    "rubber": {"colour": (0.02, 0.02, 0.02), "Roughness": 0.8},
    "seat": {"colour": (0.015, 0.015, 0.016), "Roughness": 0.6},
    "helmet": {"colour": (0.03, 0.03, 0.035), "Roughness": 0.15},
    "hair": {"colour": (0.03, 0.02, 0.014), "Roughness": 0.7},
    "shoe": {"colour": (0.03, 0.028, 0.026), "Roughness": 0.7},
    "sign": {"colour": (0.02, 0.10, 0.35), "Roughness": 0.35},
    "green-sign": {"colour": (0.01, 0.09, 0.22), "Roughness": 0.35},
    "frame": {"colour": (0.55, 0.55, 0.53), "Roughness": 0.5},
    "roof": {"colour": (0.10, 0.075, 0.065), "Roughness": 0.9},
    "shop": {"colour": (0.02, 0.022, 0.025), "Roughness": 0.08},
    "orange": {"colour": (0.8, 0.25, 0.02), "Roughness": 0.3},
}


def paint(graph: Graph) -> None:
    """Clear-coated, dusty towards the ground."""
    height = graph.split(graph.place("object"))[2]
    dirt = graph.maths("MULTIPLY", graph.range(height, 0.75, 0.15), graph.noise(6.0))
    dirt = graph.maths("MULTIPLY", dirt, 0.8)
    graph.shade(
        Base_Color=graph.mix(dirt, graph.colour(), (0.09, 0.08, 0.07, 1)),
        Metallic=0.25,
        Roughness=0.42,
        Coat_Weight=0.7,
        Coat_Roughness=0.05,
    )


def lamp(graph: Graph, colour, glow, least: float, attribute: str, own: float = 1.0) -> None:
    """Glows by an attribute; `own` darkens what it looks like unlit."""
    strength = graph.maths("MULTIPLY_ADD", graph.own(attribute), glow, least)
    graph.shade(
        Base_Color=(*(own * part for part in colour), 1), Emission_Color=(*colour, 1),
        Emission_Strength=strength, Roughness=0.08, Coat_Weight=0.5,
    )  # fmt: skip


def headlight(graph: Graph) -> None:
    lamp(graph, (0.75, 0.78, 0.80), 45.0, 0.0, "lit", own=0.55)


def taillight(graph: Graph) -> None:
    lamp(graph, (0.42, 0.008, 0.006), 16.0, 0.0, "red")


def signal(graph: Graph, colour: str) -> None:
    shades = {"red": (0.9, 0.03, 0.01), "yellow": (0.9, 0.45, 0.02), "green": (0.03, 0.75, 0.35)}
    lamp(graph, shades[colour], 9.0, 0.0, colour, own=0.12)


def second(graph: Graph, roughness: float = 0.7) -> None:
    """The road user's other colour: trousers, bags, canvas."""
    node = graph.node("ShaderNodeAttribute")
    node.attribute_type, node.attribute_name = "OBJECT", "second"
    graph.shade(Base_Color=node.outputs["Color"], Roughness=roughness)


def canvas(graph: Graph) -> None:
    second(graph, 0.5)
    graph.bump(graph.noise(1.2, 2.0, graph.place("object"), (6, 6, 0.6)), 0.25, 0.08)


def cargo(graph: Graph) -> None:
    dirt = graph.maths("MULTIPLY", graph.noise(1.4, 6.0, graph.place("object")), 0.35)
    graph.shade(
        Base_Color=graph.mix(dirt, (0.62, 0.62, 0.60, 1), (0.25, 0.24, 0.21, 1)), Roughness=0.45
    )


def shirt(graph: Graph) -> None:
    graph.shade(Base_Color=graph.colour(), Roughness=0.85)


def skin(graph: Graph) -> None:
    tone = graph.mix(graph.random(), (0.50, 0.27, 0.18, 1), (0.13, 0.06, 0.035, 1))
    graph.shade(Base_Color=tone, Roughness=0.55)


class Weather:
    """How wet the ground is, and how much shines by itself: set before the first material."""

    wet = 0.0
    night = False


def asphalt(graph: Graph) -> None:
    """Grains, patches, cracks, oil along the lanes' middles; puddles where it is wet."""
    grains = graph.noise(60.0, 3.0)
    patches = graph.noise(0.10, 5.0)
    streaks = graph.noise(0.6, 4.0)
    grey = graph.mix(graph.range(patches, 0.35, 0.65), (0.070, 0.071, 0.074, 1),
                     (0.105, 0.105, 0.105, 1))  # fmt: skip
    grey = graph.mix(graph.range(streaks, 0.45, 0.8, 0.0, 0.5), grey, (0.055, 0.055, 0.057, 1))
    grey = graph.mix(graph.range(grains, 0.3, 0.7, 0.0, 0.45), grey, (0.15, 0.15, 0.15, 1))
    cells = graph.node("ShaderNodeTexVoronoi", Vector=graph.place(), Scale=0.16)
    cells.feature = "DISTANCE_TO_EDGE"
    crack = graph.maths("LESS_THAN", cells.outputs[0], graph.range(streaks, 0.5, 0.62, 0.0, 0.006))
    grey = graph.mix(crack, grey, (0.03, 0.03, 0.031, 1))
    graph.bump(grains, 0.35, 0.008)
    _wetted(graph, grey, 0.82)


def _wetted(graph: Graph, colour, roughness: float) -> None:
    """Darker and shining where water stands."""
    if not Weather.wet:
        graph.shade(Base_Color=colour, Roughness=roughness)
        return
    water = graph.range(graph.noise(0.35, 4.0), 0.38, 0.66)
    water = graph.maths("MULTIPLY", graph.range(water, 0, 1, 0.45, 1.0), Weather.wet)
    dark = graph.mix(graph.maths("MULTIPLY", water, 0.6), colour, (0.012, 0.012, 0.013, 1))
    graph.shade(
        Base_Color=dark,
        Roughness=graph.range(water, 0, 1, roughness, 0.14),
        Specular_IOR_Level=0.6,
    )


def line(graph: Graph) -> None:
    """Road paint, worn off in places."""
    worn = graph.range(graph.noise(2.5, 6.0), 0.50, 0.66)
    fine = graph.range(graph.noise(22.0, 3.0), 0.55, 0.75)
    gone = graph.maths("MAXIMUM", graph.maths("MULTIPLY", worn, 0.75), fine)
    colour = graph.mix(gone, (0.52, 0.52, 0.50, 1), (0.10, 0.10, 0.10, 1))
    _wetted(graph, colour, 0.7)


def paving(graph: Graph) -> None:
    brick = graph.node("ShaderNodeTexBrick", Vector=graph.place(), Scale=1.6, Mortar_Size=0.012)
    brick.inputs["Color1"].default_value = (0.235, 0.225, 0.21, 1)
    brick.inputs["Color2"].default_value = (0.19, 0.182, 0.175, 1)
    brick.inputs["Mortar"].default_value = (0.09, 0.085, 0.08, 1)
    stain = graph.range(graph.noise(0.4, 5.0), 0.4, 0.75, 0.0, 0.55)
    _wetted(graph, graph.mix(stain, brick.outputs[0], (0.11, 0.105, 0.10, 1)), 0.85)


def concrete(graph: Graph, shade: float = 0.24) -> None:
    stain = graph.range(graph.noise(0.8, 6.0), 0.35, 0.75)
    low = 0.6 * shade
    _wetted(graph, graph.mix(stain, (shade, shade, 0.96 * shade, 1), (low, low, low, 1)), 0.85)


def grass(graph: Graph) -> None:
    fine, wide = graph.noise(14.0, 6.0), graph.noise(0.25, 4.0)
    green = graph.mix(graph.range(fine, 0.3, 0.7), (0.028, 0.055, 0.012, 1), (0.10, 0.13, 0.035, 1))
    green = graph.mix(graph.range(wide, 0.45, 0.75, 0.0, 0.7), green, (0.15, 0.13, 0.06, 1))
    graph.shade(Base_Color=green, Roughness=0.95)
    graph.bump(fine, 0.8, 0.06)


def gravel(graph: Graph) -> None:
    stones = graph.noise(9.0, 8.0)
    graph.shade(
        Base_Color=graph.mix(stones, (0.07, 0.065, 0.055, 1), (0.24, 0.22, 0.19, 1)), Roughness=0.95
    )
    graph.bump(stones, 0.8, 0.05)


def leaf(graph: Graph, tone: str = "0") -> None:
    greens = {
        "0": ((0.035, 0.075, 0.012, 1), (0.09, 0.14, 0.03, 1)),
        "1": ((0.05, 0.08, 0.015, 1), (0.13, 0.15, 0.03, 1)),
        "2": ((0.025, 0.055, 0.018, 1), (0.06, 0.10, 0.035, 1)),
    }
    low, high = greens[tone]
    graph.shade(
        Base_Color=graph.mix(graph.noise(1.7, 4.0), low, high), Roughness=0.6,
        Subsurface_Weight=0.0,
    )  # fmt: skip


def bark(graph: Graph) -> None:
    rough = graph.noise(8.0, 6.0, None, (1, 1, 0.2))
    graph.shade(Base_Color=graph.mix(rough, (0.03, 0.024, 0.018, 1), (0.12, 0.10, 0.08, 1)))
    graph.bump(rough, 0.7, 0.05)


WALLS = ((0.46, 0.40, 0.31), (0.36, 0.35, 0.33), (0.30, 0.16, 0.11), (0.52, 0.50, 0.46),
         (0.24, 0.25, 0.27))  # fmt: skip


def wall(graph: Graph, style: str) -> None:
    colour = (*WALLS[int(style)], 1)
    stain = graph.range(graph.noise(0.35, 6.0, None, (1, 1, 0.3)), 0.4, 0.8, 0.0, 0.5)
    grain = graph.noise(12.0, 4.0)
    dark = (*(0.55 * part for part in colour[:3]), 1)
    shade = graph.mix(stain, colour, dark)
    graph.shade(Base_Color=graph.mix(graph.maths("MULTIPLY", grain, 0.2), shade, dark),
                Roughness=0.9)  # fmt: skip


def window(graph: Graph) -> None:
    """Dark glass with a curtain here and there; some are lit at night."""
    cell = graph.node("ShaderNodeVectorMath", _0=graph.place(), _1=(2.6, 2.6, 3.1))
    cell.operation = "SNAP"
    chance = graph.node("ShaderNodeTexWhiteNoise", Vector=cell.outputs[0]).outputs[0]
    curtain = graph.maths("GREATER_THAN", chance, 0.72)
    graph.shade(
        Base_Color=graph.mix(curtain, (0.018, 0.021, 0.025, 1), (0.16, 0.15, 0.14, 1)),
        Roughness=0.06,
    )
    if Weather.night:
        lit = graph.maths("MULTIPLY", graph.maths("GREATER_THAN", chance, 0.80), 0.5)
        graph.shade(Emission_Color=(1.0, 0.62, 0.30, 1), Emission_Strength=lit)


def streetlamp(graph: Graph) -> None:
    graph.shade(
        Base_Color=(0.6, 0.6, 0.58, 1), Emission_Color=(1.0, 0.72, 0.42, 1),
        Emission_Strength=30.0 if Weather.night else 0.0,
    )  # fmt: skip


RECIPES: dict[str, Callable] = {
    "paint": paint, "headlight": headlight, "taillight": taillight, "signal": signal,
    "trousers": second, "bag": second, "canvas": canvas, "cargo": cargo, "shirt": shirt,
    "skin": skin, "asphalt": asphalt, "line": line, "paving": paving, "grass": grass,
    "gravel": gravel, "leaf": leaf, "bark": bark, "wall": wall, "window": window,
    "streetlamp": streetlamp,
    "kerb": lambda graph: concrete(graph, 0.30), "gutter": lambda graph: concrete(graph, 0.15),
    "concrete": concrete,
}  # fmt: skip
