"""A clip put together from frames that are there, as Blender would have left them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from render import clip, fleet, lens
from render.clip import Cache
from render.models import CLASSES
from render.movers import Mover
from render.placing import body_mesh, placed, wheel_mesh, within
from render.raster import covered
from render.shapes import Part
from render.truth import silhouette
from render.wheels import wheel_parts

from acme_tracker.datasets import mot


def flat(parts: list[Part]) -> tuple[Any, Any]:
    whole = Part()
    for part in parts:
        whole.add(part.vertices, part.faces, part.materials)
    faces = [(f[0], *pair) for f in whole.faces for pair in pairwise(f[1:])]
    return np.array(whole.vertices, np.float32), np.array(faces, np.int32)


def meshes_of(movers: list[Mover]) -> dict[str, Any]:
    found = {}
    for name in {mover.model for mover in movers}:
        model = fleet.model(name)
        for one in (model, *([model.trailer] if model.trailer else [])):
            for step, parts in enumerate(one.poses):
                found[body_mesh(one, step)] = flat(parts)
            found |= {wheel_mesh(wheel): flat(wheel_parts(wheel)) for wheel in one.wheels}
    return found


@pytest.fixture(scope="module")
def written(crossing: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    scene, movers = replace(crossing[0], seconds=3 / 25), crossing[1]
    home = tmp_path_factory.mktemp("clip")
    cache = Cache(home)
    meshes = meshes_of(movers)
    arrays: dict[str, Any] = {}
    for name, (vertices, faces) in meshes.items():
        arrays |= {f"{name}:vertices": vertices, f"{name}:faces": faces}
    np.savez(cache.meshes, **arrays)
    for number in range(3):
        index = np.zeros((540, 960), np.uint16)
        for mover in movers:
            pieces = placed(scene, mover, number / 25)
            if pieces and within(scene, mover, number / 25):
                shape = silhouette(scene.camera, pieces, meshes)
                index[covered(shape, 0, 0, 960, 540)] = mover.track_id
        cv2.imwrite(str(cache.index(number)), index)
    out = home / "intersection"
    with pytest.MonkeyPatch.context() as patch:
        grey = np.full((540, 960, 3), 0.2, np.float32)
        patch.setattr(clip, "read_light", lambda path: grey)
        clip.write_clip(scene, movers, cache, out, 30)
    return out


def test_the_projects_reader_takes_the_clip_as_it_is(written: Path) -> None:
    (sequence,) = mot.read(written)
    assert not sequence.problems
    assert tuple(sequence.classes) == CLASSES
    assert (sequence.length, sequence.size, sequence.frame_rate) == (3, (960, 540), 25.0)
    assert sequence.path is not None
    assert sequence.path.name == "video.mp4"
    assert len(sequence.rows) > 15
    assert set(np.unique(sequence.rows.class_id)) >= {0, 2}
    assert (sequence.rows.xyxy[:, :2] >= 0).all()
    assert (sequence.rows.xyxy[:, 2:] <= (960, 540)).all()


def test_the_scene_card_and_the_truth_name_the_same_tracks(written: Path) -> None:
    card = json.loads((written / "scene.json").read_text())
    rows = np.loadtxt(written / "gt" / "gt.txt", delimiter=",")
    assert {track["track_id"] for track in card["tracks"]} == set(rows[:, 1].astype(int))
    assert card["classes"] == list(CLASSES)
    track = card["tracks"][0]
    assert len(track["xy_m"]) == len(track["speed_m_s"]) == len(track["heading_rad"])


def test_boxes_stand_where_the_cards_homography_says(written: Path) -> None:
    card = json.loads((written / "scene.json").read_text())
    homography = np.array(card["camera"]["ground_to_image"])
    rows = np.loadtxt(written / "gt" / "gt.txt", delimiter=",")
    for track in card["tracks"]:
        for number, xy in enumerate(track["xy_m"], start=track["first_frame"]):
            own = rows[(rows[:, 0] == number) & (rows[:, 1] == track["track_id"])]
            x, y, w = homography @ (*xy, 1)
            if (
                len(own)
                and own[0, 2] > 0
                and own[0, 2] + own[0, 4] < 960
                and track["class"] == "car"
            ):
                left, top, width, height = own[0, 2:6]
                assert left < x / w < left + width
                assert top < y / w < top + height + 1


def test_it_has_a_card_and_a_poster(written: Path) -> None:
    text = (written / "README.md").read_text()
    assert "CC0" in text
    assert "make_clip.py intersection --seed 1 --weather day" in text
    assert "{" not in text
    poster = cv2.imread(str(written / "poster.jpg"))
    assert poster is not None
    assert poster.shape == (540, 960, 3)


def test_developing_is_repeatable_and_brighter_light_gives_brighter_pictures() -> None:
    light = np.zeros((40, 60, 3), np.float32)
    light[:, 20:] = 0.1
    light[:, 40:] = 0.4
    one, two = (lens.develop(light, lens.LOOKS["day"], np.random.default_rng(5)) for _ in "ab")
    np.testing.assert_array_equal(one, two)
    dark, middle, bright = (one[:, a : a + 14].mean() for a in (3, 23, 43))
    assert dark < 20 < middle < bright < 255


def test_glare_spreads_from_lamps_but_not_from_walls() -> None:
    look = replace(lens.LOOKS["night"], noise=0.0)
    light = np.full((120, 160, 3), 0.01, np.float32)
    plain = lens.develop(light, look, np.random.default_rng(0)).astype(int)
    light[58:62, 78:82] = 60
    lit = lens.develop(light, look, np.random.default_rng(0)).astype(int)
    assert (lit[60, 88] > plain[60, 88] + 20).all()


def test_frames_that_are_there_are_not_missing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for number in (0, 2):
        cache.light(number).touch()
        cache.index(number).touch()
    cache.light(3).touch()
    assert cache.missing([0, 1, 2, 3]) == [1, 3]
