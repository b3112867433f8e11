"""A scene's ground and what stands on it."""
# mypy: ignore-errors

from __future__ import annotations

from math import cos, sin

import bpy

from render.blender.meshes import bake
from render.props import SIGNAL_HEADS, VARIANTS, house, prop_parts, signal_head
from render.scene import Area, Prop, Scene
from render.shapes import Part


def build(scene: Scene) -> list[tuple[bpy.types.Object, str]]:
    """Places everything; returns the signals' heads and their groups."""
    _grounds(scene)
    for number, building in enumerate(scene.buildings):
        block = stand(f"house-{number}", bake(f"house-{number}", house(building)))
        block.location = (building.x, building.y, 0)
        block.rotation_euler[2] = building.turn
    heads = []
    meshes: dict[str, bpy.types.Mesh] = {}
    for number, prop in enumerate(scene.props):
        _place(scene, prop, number, meshes)
        heads += _signal_heads(prop, meshes)
    return heads


def stand(name: str, mesh: bpy.types.Mesh) -> bpy.types.Object:
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    return made


def _grounds(scene: Scene) -> None:
    """One object a material: many small sheets."""
    parts: dict[str, Part] = {}
    for area in scene.areas:
        _area(parts.setdefault(area.material, Part()), area)
    for material, part in parts.items():
        mesh = bake(f"ground-{material}", [part])
        mesh.polygons.foreach_set("use_smooth", [False] * len(mesh.polygons))
        stand(mesh.name, mesh)


def _area(part: Part, area: Area) -> None:
    if area.thick:
        part.slab(area.outline, -0.3, area.z, area.material)
    else:
        part.sheet(area.outline, area.z, area.material)


def _place(scene: Scene, prop: Prop, number: int, meshes: dict) -> None:
    variant = number % VARIANTS if prop.kind in ("tree", "bush") else 0
    key = f"{prop.kind}-{variant}"
    if key not in meshes:
        meshes[key] = bake(key, prop_parts(prop.kind, variant))
    made = stand(f"{key}-{number}", meshes[key])
    made.location = (prop.x, prop.y, scene.height_at(prop.x, prop.y))
    made.rotation_euler[2] = prop.turn
    made.scale = (prop.size,) * 3


def _signal_heads(prop: Prop, meshes: dict) -> list:
    found = []
    for number, (x, y, z) in enumerate(SIGNAL_HEADS.get(prop.kind, ())):
        if "head" not in meshes:
            meshes["head"] = bake("signal-head", signal_head())
        head = stand("signal-head", meshes["head"])
        cosine, sine = cos(prop.turn), sin(prop.turn)
        head.location = (prop.x + cosine * x - sine * y, prop.y + sine * x + cosine * y, z)
        head.rotation_euler[2] = prop.turn
        # The second hangs over the lane that turns left.
        found.append((head, f"{prop.group}-left" if number else prop.group))
    return found
