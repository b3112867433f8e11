from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acme_tracker.boxes import iou

FOLDER = Path(__file__).parents[1] / "sample_videos"
CLIP = FOLDER / "drawn_crossing"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The drawing script, as `python sample_videos/draw_clip.py` finds it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import draw_clip

    yield draw_clip
    for name in ("draw_clip", "road_users"):
        sys.modules.pop(name)


@pytest.fixture
def still(script: Any) -> Any:
    """The empty scene and where its pole stands."""
    background = script.draw_scene(np.random.default_rng(script.SEED))
    return background, script.draw_pole(background)


def truth() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.loadtxt(CLIP / "gt" / "gt.txt", delimiter=",")


def test_the_bundled_truth_is_what_the_script_draws(script: Any, still: Any) -> None:
    lines = (CLIP / "gt" / "gt.txt").read_text().splitlines()
    for index in (0, 60, 150, 299):
        _, rows = script.draw_frame(*still, index / script.RATE)
        assert [row.mot(index + 1) for row in rows] == [
            line for line in lines if line.startswith(f"{index + 1},")
        ]


def test_the_bundled_video_shows_what_the_script_draws(script: Any) -> None:
    import av
    import cv2

    with av.open(str(CLIP / "video.mp4")) as video:
        shown = [frame.to_ndarray(format="bgr24") for frame in islice(video.decode(video=0), 40)]
    for index, (drawn, _) in enumerate(islice(script.draw_clip(), 40)):
        if index in (0, 39):
            # Blurred, because the codec removes the sensor's noise.
            there, here = (cv2.blur(image, (5, 5)).astype(int) for image in (shown[index], drawn))
            assert (np.abs(there - here).max(axis=2) > 25).mean() < 0.002


def test_the_video_has_the_frames_size_and_rate_of_its_card() -> None:
    import av

    with av.open(str(CLIP / "video.mp4")) as video:
        stream = video.streams.video[0]
        times = [frame.time for frame in video.decode(stream)]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 360)
        assert stream.codec_context.pix_fmt == "yuv420p"
    np.testing.assert_allclose(np.array(times, float), np.arange(300) / 25, atol=1e-4)
    assert "seqLength=300\nimWidth=640\nimHeight=360\n" in (CLIP / "seqinfo.ini").read_text()
    assert (CLIP / "video.mp4").stat().st_size < 2_500_000


def test_boxes_enclose_what_is_drawn_to_the_pixel(script: Any) -> None:
    """Where a black and a white scene look alike, an object covers them."""
    no_pole = np.zeros((360, 640), bool)
    checked = 0
    for time_s in (3.0, 5.0, 8.0, 11.0):
        scenes = [np.full((360, 640, 3), grey, np.float32) for grey in (0, 255)]
        (black, rows), (white, _) = (script.draw_frame(scene, no_pole, time_s) for scene in scenes)
        covered = (white - black).max(axis=2) < 100
        boxes = np.array([row.xyxy for row in rows], np.float32)
        wide = boxes + np.array((-4, -4, 4, 4), np.float32)
        near = (iou(wide, wide) > 0).sum(axis=1) > 1
        everything = np.zeros_like(covered)
        for row, crowded in zip(rows, near, strict=True):
            left, top, right, bottom = row.xyxy
            everything[top:bottom, left:right] = True
            if not crowded:
                around = covered[max(top - 4, 0) : bottom + 4, max(left - 4, 0) : right + 4]
                ys, xs = np.nonzero(around)
                x, y = max(left - 4, 0), max(top - 4, 0)
                drawn = (x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1)
                np.testing.assert_allclose(row.xyxy, drawn, atol=1)
                checked += 1
        assert not (covered & ~everything).any()
    assert checked >= 8


def test_visibility_falls_behind_the_pole_and_others_and_outside_the_picture() -> None:
    rows = truth()
    assert (rows[:, 8] >= 0).all()
    assert (rows[:, 8] <= 1).all()
    inside = (rows[:, 2] > 0) & (rows[:, 2] + rows[:, 4] < 640) & (rows[:, 3] + rows[:, 5] < 360)
    assert (rows[inside, 8] < 0.9).sum() > 30  # hidden, though inside the picture
    assert (rows[inside, 8] == 1).sum() > 500
    assert (rows[~inside, 8] < 0.5).any()
    assert ((rows[:, 8] < 0.25) <= (rows[:, 6] == 0)).all()


def test_every_class_is_there_and_all_boxes_lie_in_the_picture() -> None:
    rows = truth()
    names = (CLIP / "gt" / "labels.txt").read_text().split()
    assert names == ["person", "bicycle", "car", "motorcycle", "bus", "truck"]
    assert set(rows[:, 7]) == set(range(1, 7))
    assert (rows[:, 2:4] >= 0).all()
    assert (rows[:, 2] + rows[:, 4] <= 640).all()
    assert (rows[:, 3] + rows[:, 5] <= 360).all()


def test_everything_enters_from_outside_a_still_scene() -> None:
    rows = truth()
    assert rows[:, 0].min() > 10  # a background model has time to learn
    for track_id in np.unique(rows[:, 1]):
        _, _, left, top, width, height, *_ = rows[rows[:, 1] == track_id][0]
        assert left <= 1 or left + width >= 639 or top + height >= 359


def test_drawing_twice_gives_the_same_pictures_and_truth(script: Any) -> None:
    for (one, rows), (two, same) in zip(script.draw_clip(20), script.draw_clip(20), strict=True):
        np.testing.assert_array_equal(one, two)
        assert rows == same
