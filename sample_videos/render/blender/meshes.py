"""Parts to Blender meshes."""
# mypy: ignore-errors

from __future__ import annotations

from math import radians

import bpy
import numpy as np

from render.blender.materials import material
from render.shapes import Cut, Part


def bake(name: str, parts: list[Part]) -> bpy.types.Mesh:
    """One mesh of all parts, refined as each asks."""
    pieces = [_refined(f"{name}-{number}", part) for number, part in enumerate(parts)]
    mesh = bpy.data.meshes.new(name)
    slots: list[str] = []
    vertices, faces, wanted = [], [], []
    for piece in pieces:
        start = len(vertices)
        vertices += [tuple(v.co) for v in piece.vertices]
        names = [m.name for m in piece.materials]
        for face in piece.polygons:
            faces.append([start + v for v in face.vertices])
            slot = names[face.material_index]
            if slot not in slots:
                slots.append(slot)
            wanted.append(slots.index(slot))
        bpy.data.meshes.remove(piece)
    mesh.from_pydata(vertices, [], faces)
    for slot in slots:
        mesh.materials.append(material(slot))
    mesh.polygons.foreach_set("material_index", np.array(wanted, np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    mesh.set_sharp_from_angle(angle=radians(38))
    mesh.update()
    return mesh


def triangles(mesh: bpy.types.Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, 3) and triangles (M, 3) of a mesh."""
    vertices = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", vertices)
    mesh.calc_loop_triangles()
    faces = np.empty(3 * len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("vertices", faces)
    return vertices.reshape(-1, 3), faces.reshape(-1, 3)


def _raw(name: str, part: Part) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(part.vertices, [], part.faces)
    slots = list(dict.fromkeys(part.materials))
    for slot in slots:
        mesh.materials.append(material(slot))
    indices = np.array([slots.index(m) for m in part.materials], np.int32)
    mesh.polygons.foreach_set("material_index", indices)
    mesh.update()
    return mesh


def _refined(name: str, part: Part) -> bpy.types.Mesh:
    mesh = _raw(name, part)
    if not (part.subdivide or part.bevel_m or part.cuts):
        return mesh
    helper = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(helper)
    if part.creases:
        _crease(mesh, part)
    if part.bevel_m:
        bevel = helper.modifiers.new("bevel", "BEVEL")
        bevel.width, bevel.segments, bevel.limit_method = part.bevel_m, 2, "ANGLE"
    if part.subdivide:
        refine = helper.modifiers.new("subdivide", "SUBSURF")
        refine.levels = refine.render_levels = part.subdivide
    cutters = [_cutter(name, cut, side) for cut in part.cuts for side in (-1, 1)]
    for cutter in cutters:
        boolean = helper.modifiers.new("cut", "BOOLEAN")
        boolean.operation, boolean.object, boolean.solver = "DIFFERENCE", cutter, "EXACT"
        boolean.material_mode = "TRANSFER"
    graph = bpy.context.evaluated_depsgraph_get()
    refined = bpy.data.meshes.new_from_object(helper.evaluated_get(graph))
    for thing in (helper, *cutters):
        data = thing.data
        bpy.data.objects.remove(thing)
        bpy.data.meshes.remove(data)
    return refined


def _crease(mesh: bpy.types.Mesh, part: Part) -> None:
    weights = {frozenset((a, b)): weight for a, b, weight in part.creases}
    layer = mesh.attributes.new("crease_edge", "FLOAT", "EDGE")
    for edge in mesh.edges:
        layer.data[edge.index].value = weights.get(frozenset(edge.vertices), 0.0)


def _cutter(name: str, cut: Cut, side: int) -> bpy.types.Object:
    drum = Part().lathe([(0, cut.radius), (2.0, cut.radius)], ["under"], 32)
    start = cut.from_y if side > 0 else -cut.from_y - 2.0
    mesh = _raw(f"{name}-cutter", drum.moved((cut.x, start, cut.z)))
    cutter = bpy.data.objects.new(mesh.name, mesh)
    bpy.context.scene.collection.objects.link(cutter)
    return cutter
