from __future__ import annotations

import cv2
import numpy as np
import pytest

from acme_tracker.yuv import BT601, BT709, Colours, Yuv
from tests.fakes import textured_scene

COLOURS = [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (63, 193, 255)]


@pytest.mark.parametrize("bgr", COLOURS)
def test_numbers_are_opencvs(bgr: tuple[int, int, int]) -> None:
    planes = Yuv.of_image(np.full((4, 6, 3), bgr, np.uint8)).planes
    got = Colours().numbers(bgr)
    assert np.abs(got.astype(int) - [int(plane[0, 0]) for plane in planes]).max() <= 1


@pytest.mark.parametrize("bgr", COLOURS)
@pytest.mark.parametrize("colours", [Colours(BT709), Colours(BT601, full_range=True)])
def test_a_picture_is_converted_to_the_colours_asked_for(
    colours: Colours, bgr: tuple[int, int, int]
) -> None:
    picture = Yuv.of_image(np.full((5, 6, 3), bgr, np.uint8), colours)
    assert picture.colours == colours
    for plane, number in zip(picture.planes, colours.numbers(bgr), strict=True):
        assert np.abs(plane.astype(int) - int(number)).max() <= 1


# ITU-R BT.709 and BT.601: 8-bit numbers of pure red.
@pytest.mark.parametrize(
    ("colours", "red"),
    [
        (Colours(BT709), (63, 102, 240)),
        (Colours(BT601), (81, 90, 240)),
        (Colours(BT601, full_range=True), (76, 85, 255)),
    ],
)
def test_numbers_are_the_standards(colours: Colours, red: tuple[int, int, int]) -> None:
    np.testing.assert_array_equal(colours.numbers((0, 0, 255)), red)


def test_planes_are_views_of_the_picture() -> None:
    picture = Yuv.of_image(textured_scene((320, 240)))
    assert [plane.shape for plane in picture.planes] == [(240, 320), (120, 160), (120, 160)]
    for plane in picture.planes:
        plane[:] = 7
    assert (picture.pixels == 7).all()


@pytest.mark.parametrize("size", [(7, 5), (8, 5), (7, 6), (1, 1)])
def test_odd_pictures_are_padded_with_their_last_row_and_column(size: tuple[int, int]) -> None:
    image = textured_scene((320, 240))[: size[1], : size[0]]
    picture = Yuv.of_image(image)
    assert picture.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    bright = picture.planes[0]
    np.testing.assert_array_equal(bright[:, -1], bright[:, size[0] - 1])
    np.testing.assert_array_equal(bright[-1], bright[size[1] - 1])


def test_a_picture_comes_back_but_for_its_colours_resolution() -> None:
    image = cv2.GaussianBlur(textured_scene((320, 240)), (0, 0), 4)
    back = cv2.cvtColor(Yuv.of_image(np.asarray(image, np.uint8)).pixels, cv2.COLOR_YUV2BGR_I420)
    assert np.abs(back.astype(int) - image).mean() < 2
