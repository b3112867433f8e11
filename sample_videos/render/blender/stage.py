"""Road users on a built scene, rendered frame by frame."""
# mypy: ignore-errors

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import pi, radians
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from render import fleet
from render.blender import lighting, surroundings
from render.blender.materials import Weather
from render.blender.meshes import bake, triangles
from render.models import Model
from render.movers import Mover, pose
from render.placing import Placed, body_mesh, placed, wheel_mesh, within
from render.scene import Scene
from render.wheels import wheel_parts

SHUTTER_S = {"day": 0.01, "wet": 0.016, "night": 0.04}


@dataclass(frozen=True)
class Quality:
    """How carefully light is traced."""

    samples: int = 6
    threads: int = 2
    scale: float = 1.0  # of the picture's sides, for quick looks


@dataclass
class Stage:
    """A Blender scene with its traffic."""

    scene: Scene
    movers: Sequence[Mover]
    weather: str
    quality: Quality
    meshes: dict[str, bpy.types.Mesh] = field(default_factory=dict)
    actors: dict[tuple[int, str], bpy.types.Object] = field(default_factory=dict)
    heads: list = field(default_factory=list)
    makers: dict = field(default_factory=dict)

    def build(self, frames: Sequence[int]) -> None:
        """Everything that any of these frames shows."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.makers = _mesh_makers(self.movers)
        bpy.context.preferences.edit.keyframe_new_interpolation_type = "LINEAR"
        Weather.wet = 0.0 if self.weather == "day" else 1.0
        Weather.night = self.weather == "night"
        self.heads = surroundings.build(self.scene)
        lighting.light(self.scene, self.weather)
        self._camera()
        self._settings()
        self._animate(frames)

    def export_meshes(self, path: Path) -> None:
        """What truth is computed from."""
        arrays = {}
        for name in self.makers:
            vertices, faces = triangles(self._mesh(name))
            arrays[f"{name}:vertices"], arrays[f"{name}:faces"] = vertices, faces
        _replace(path, lambda part: np.savez_compressed(part, **arrays), ".npz")

    def render_light(self, number: int, path: Path) -> None:
        """Linear light with motion blur, as OpenEXR."""
        self._pose(number)
        self._render(path, "16")

    def render_index(self, number: int, path: Path) -> None:
        """Which road user each pixel's middle shows, as 16-bit PNG."""
        import cv2

        self._pose(number)
        scratch = path.with_suffix(".exr")
        self._render(scratch, "32")
        os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
        shown = cv2.imread(str(scratch), cv2.IMREAD_UNCHANGED)
        index = np.rint(shown[..., 0] if shown.ndim == 3 else shown).astype(np.uint16)
        _replace(path, lambda part: cv2.imwrite(str(part), index), ".png")
        scratch.unlink()

    def trace_index(self) -> None:
        """From now on every pixel takes its object's number: one ray a pixel, no light."""
        made = bpy.data.materials.new("index")
        tree = made.node_tree
        tree.nodes.clear()
        number = tree.nodes.new("ShaderNodeObjectInfo").outputs["Object Index"]
        glow, out = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
        tree.links.new(number, glow.inputs["Color"])
        tree.links.new(glow.outputs[0], out.inputs["Surface"])
        view = bpy.context.view_layer
        view.material_override = made
        scene = bpy.context.scene
        scene.world = None
        scene.cycles.samples, scene.cycles.use_denoising = 1, False
        scene.cycles.use_adaptive_sampling = False
        scene.cycles.max_bounces = 0
        scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 0.01
        scene.render.use_motion_blur = False

    def _render(self, path: Path, depth: str) -> None:
        scene = bpy.context.scene
        image = scene.render.image_settings
        image.file_format, image.color_mode, image.color_depth = "OPEN_EXR", "RGB", depth
        image.exr_codec = "ZIP"
        part = path.with_name(f".{path.stem}-{os.getpid()}.exr")
        scene.render.filepath = str(part)
        bpy.ops.render.render(write_still=True)
        part.replace(path)

    def _camera(self) -> None:
        camera = self.scene.camera
        data = bpy.data.cameras.new("camera")
        data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
        data.lens = camera.focal_px * 36.0 / camera.size[0]
        data.clip_start, data.clip_end = 0.1, 2000.0
        eye = surroundings.stand("camera", data)
        right, down, ahead = camera.rotation
        turn = np.eye(4)
        turn[:3, 0], turn[:3, 1], turn[:3, 2] = right, -down, -ahead
        turn[:3, 3] = camera.position
        eye.matrix_world = Matrix(turn.tolist())
        bpy.context.scene.camera = eye

    def _settings(self) -> None:
        scene = bpy.context.scene
        render, cycles = scene.render, scene.cycles
        render.engine = "CYCLES"
        render.resolution_x, render.resolution_y = self.scene.camera.size
        render.resolution_percentage = round(100 * self.quality.scale)
        render.threads_mode, render.threads = "FIXED", self.quality.threads
        render.use_persistent_data = True
        render.use_motion_blur = True
        render.motion_blur_shutter = SHUTTER_S[self.weather] * self.scene.frame_rate
        render.motion_blur_position = "CENTER"
        cycles.device = "CPU"
        cycles.samples, cycles.use_adaptive_sampling = self.quality.samples, True
        cycles.adaptive_threshold = 0.03
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        # Accurate prefiltering costs as much as four samples, and road cameras are noisy anyway.
        cycles.denoising_prefilter, cycles.denoising_quality = "FAST", "BALANCED"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 2, 2
        cycles.transmission_bounces = cycles.volume_bounces = 0
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect = 4.0
        cycles.seed = self.scene.seed
        cycles.use_animated_seed = True

    def _mesh(self, name: str) -> bpy.types.Mesh:
        if name not in self.meshes:
            self.meshes[name] = bake(name, self.makers[name]())
        return self.meshes[name]

    def _animate(self, frames: Sequence[int]) -> None:
        """Keys every piece on each wanted frame, and on the frames beside it for the blur."""
        keyed = sorted({near for n in frames for near in (n - 1, n, n + 1)})
        for mover in self.movers:
            if not any(self._within(mover, number) for number in frames):
                continue
            for number in keyed:
                for piece in placed(self.scene, mover, number / self.scene.frame_rate):
                    self._key(self._actor(mover, piece), piece, number)

    def _within(self, mover: Mover, number: int) -> bool:
        return within(self.scene, mover, number / self.scene.frame_rate)

    def _key(self, actor: bpy.types.Object, piece: Placed, number: int) -> None:
        actor.location = (piece.x, piece.y, piece.z)
        actor.rotation_euler = (0.0, piece.spin, piece.heading)
        actor.keyframe_insert("location", frame=number)
        actor.keyframe_insert("rotation_euler", frame=number)

    def _actor(self, mover: Mover, piece: Placed) -> bpy.types.Object:
        key = (mover.track_id, piece.slot)
        if key not in self.actors:
            actor = surroundings.stand(f"{mover.track_id}-{piece.slot}", self._mesh(piece.mesh))
            actor.pass_index = mover.track_id
            actor.color = (*mover.body, 1.0)
            actor["second"] = mover.second
            actor["lit"] = actor["red"] = 0.0
            if piece.slot == "body" and self.weather == "night":
                _headlights(actor, fleet.model(mover.model))
            self.actors[key] = actor
        return self.actors[key]

    def _pose(self, number: int) -> None:
        """Shows who is there on this frame, with their step and their lamps."""
        for actor in self.actors.values():
            _show(actor, False)
        for mover in self.movers:
            if self._within(mover, number):
                self._pose_one(mover, number / self.scene.frame_rate)
        for head, group in self.heads:
            shown = self.scene.signals.colour(group, number / self.scene.frame_rate)
            for colour in ("red", "yellow", "green"):
                head[colour] = float(colour == shown)
            head.update_tag()
        bpy.context.scene.frame_set(number)

    def _pose_one(self, mover: Mover, time_s: float) -> None:
        now = pose(mover, time_s)
        braking = now.acceleration < -0.7 or now.speed < 0.2
        for piece in placed(self.scene, mover, time_s):
            actor = self._actor(mover, piece)
            _show(actor, True)
            actor.data = self._mesh(piece.mesh)
            self._lamps(actor, mover, braking)

    def _lamps(self, actor: bpy.types.Object, mover: Mover, braking: bool) -> None:
        night = self.weather == "night"
        daytime = 0.0 if self.weather == "day" and mover.track_id % 3 else 0.12
        actor["lit"] = 1.0 if night else daytime
        actor["red"] = (1.0 if braking else 0.2 if night else 0.0) * (0.6 if night else 0.3)
        actor.update_tag()


def _show(actor: bpy.types.Object, shown: bool) -> None:
    for one in (actor, *actor.children):
        one.hide_render = not shown


def _headlights(actor: bpy.types.Object, model: Model) -> None:
    data = bpy.data.lights.get("headlight") or bpy.data.lights.new("headlight", "SPOT")
    data.energy, data.color = 2200.0, (1.0, 0.93, 0.82)
    data.spot_size, data.spot_blend, data.shadow_soft_size = radians(70), 0.8, 0.06
    for place in model.headlights:
        lamp = bpy.data.objects.new("headlight", data)
        bpy.context.scene.collection.objects.link(lamp)
        lamp.parent = actor
        lamp.location = (place.x + 0.15, place.y, place.z)
        lamp.rotation_euler = (0.0, -pi / 2 + radians(7), 0.0)
        lamp.visible_camera = False


def _mesh_makers(movers: Sequence[Mover]) -> dict:
    """Makers of all meshes that the road users may need, by name."""
    makers = {}
    for name in sorted({mover.model for mover in movers}):
        model = fleet.model(name)
        for one in (model, *([model.trailer] if model.trailer else [])):
            for step, parts in enumerate(one.poses):
                makers[body_mesh(one, step)] = lambda parts=parts: parts
            for wheel in one.wheels:
                makers[wheel_mesh(wheel)] = lambda wheel=wheel: wheel_parts(wheel)
    return makers


def _replace(path: Path, write, suffix: str) -> None:
    """Writes beside the file and renames, so that a file that is there is whole."""
    part = path.with_name(f".{path.stem}-{os.getpid()}{suffix}")
    write(part)
    part.replace(path)
