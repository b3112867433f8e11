"""Sky, sun and street lamps of a weather."""
# mypy: ignore-errors

from __future__ import annotations

from math import cos, radians, sin

import bpy

from render.props import LAMPS
from render.scene import Scene


def light(scene: Scene, weather: str) -> None:
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    tree = world.node_tree
    background = next(n for n in tree.nodes if n.type == "BACKGROUND")
    if weather == "day":
        _sunny(tree, background, scene.sun)
    elif weather == "wet":
        _overcast(tree, background)
    else:
        background.inputs["Color"].default_value = (0.16, 0.14, 0.15, 1)
        background.inputs["Strength"].default_value = 0.045
        _street_lamps(scene)


def _sunny(tree, background, sun: tuple[float, float]) -> None:
    """Thin cloud before the sun: its shadows are soft, the sky is bright."""
    sky = tree.nodes.new("ShaderNodeTexSky")
    sky.sky_type = "MULTIPLE_SCATTERING"
    sky.sun_elevation, sky.sun_rotation = radians(sun[0]), radians(sun[1])
    sky.sun_size = radians(1.2)
    sky.sun_intensity = 0.55
    sky.aerosol_density = 2.5
    mix = tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    mix.inputs[0].default_value = 0.25
    tree.links.new(sky.outputs[0], mix.inputs[6])
    mix.inputs[7].default_value = (7.0, 7.4, 8.0, 1)
    tree.links.new(mix.outputs[2], background.inputs["Color"])
    background.inputs["Strength"].default_value = 0.1


def _overcast(tree, background) -> None:
    """Brighter overhead than at the horizon, as cloud is (CIE)."""
    place = tree.nodes.new("ShaderNodeTexCoord")
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(place.outputs["Generated"], split.inputs[0])
    ramp = tree.nodes.new("ShaderNodeMapRange")
    tree.links.new(split.outputs[2], ramp.inputs[0])
    ramp.inputs[3].default_value, ramp.inputs[4].default_value = 0.55, 1.3
    tree.links.new(ramp.outputs[0], background.inputs["Strength"])
    background.inputs["Color"].default_value = (0.80, 0.86, 0.95, 1)


def _street_lamps(scene: Scene) -> None:
    data = bpy.data.lights.new("street-lamp", "SPOT")
    data.energy, data.color = 5500.0, (1.0, 0.74, 0.45)
    data.spot_size, data.spot_blend, data.shadow_soft_size = radians(140), 0.7, 0.15
    for prop in scene.props:
        for x, y, z in LAMPS.get(prop.kind, ()):
            lamp = bpy.data.objects.new("street-lamp", data)
            cosine, sine = cos(prop.turn), sin(prop.turn)
            lamp.location = (prop.x + cosine * x - sine * y, prop.y + sine * x + cosine * y, z)
            lamp.visible_camera = False
            bpy.context.scene.collection.objects.link(lamp)
