from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from acme_tracker.tracking.visual.patches import ROWS, Pyramid, polar_grid, square_grid

CENTRE, SIZE = np.array([[50.0, 30.0]], np.float32), np.array([[8.0, 8.0]], np.float32)


def ramp(size: tuple[int, int], step: int = 2) -> NDArray[np.uint8]:
    """Brightness grows by `step` a pixel to the right."""
    width, height = size
    return np.tile((np.arange(width) * step).clip(0, 255).astype(np.uint8), (height, 1))


def test_samples_lie_at_the_centres_of_the_cells_of_the_box() -> None:
    pixels = Pyramid(ramp((100, 60))).sample(CENTRE, SIZE, square_grid(4))[0]
    # The box spans x 46 to 54; its cells' centres 47, 49, ... lie between two pixels' centres.
    assert pixels.tolist() == 4 * [[93, 97, 101, 105]]


def test_places_outside_read_the_border() -> None:
    far = np.array([[-500, 30], [50, 900]], np.float32)
    pixels = Pyramid(ramp((100, 60))).sample(far, np.repeat(SIZE, 2, axis=0), square_grid(4))
    assert (pixels[0] == 1).all()  # the mean of the first two columns
    assert pixels[1].tolist() == 4 * [[93, 97, 101, 105]]


@pytest.mark.parametrize("size", [(101, 67), (1283, 2 * ROWS + 1), (64, 300)])
def test_large_boxes_read_means_from_the_same_places(size: tuple[int, int]) -> None:
    width, height = size
    across = np.linspace(0, 255, width)
    luma = np.tile(across.astype(np.uint8), (height, 1))
    luma[::2] = np.maximum(luma[::2], 2) - 2  # stripes of one pixel: their mean is read
    box = np.array([[0.6 * width, 0.6 * height]], np.float32)
    pixels = Pyramid(luma).sample(box / np.float32(1.2), box, square_grid(8))[0]
    expected = (0.5 + 0.6 * ((np.arange(8) + 0.5) / 8 - 0.5)) * 255
    np.testing.assert_allclose(pixels.mean(axis=0), expected - 1, atol=3)


def test_one_call_reads_small_and_large_boxes_as_many_calls_would() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (480, 640), np.uint8)
    centre = np.array([[100, 100], [320, 240], [600, 20]], np.float32)
    size = np.array([[8, 8], [900, 700], [60, 200]], np.float32)
    pyramid, grid = Pyramid(luma), square_grid(16)
    alone = [pyramid.sample(centre[[k]], size[[k]], grid)[0] for k in range(3)]
    np.testing.assert_array_equal(pyramid.sample(centre, size, grid), alone)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_the_smallest_pictures_can_be_read(size: tuple[int, int]) -> None:
    pyramid = Pyramid(np.full((size[1], size[0]), 9, np.uint8))
    assert (pyramid.sample(CENTRE, 1000 * SIZE, square_grid(4)) == 9).all()


def test_rays_lead_outwards_in_equal_ratios() -> None:
    grid = np.stack(polar_grid(rays=4, rings=3, step=2, radius=0.8), axis=-1)
    np.testing.assert_allclose(np.linalg.norm(grid, axis=2), 4 * [[0.2, 0.4, 0.8]], rtol=1e-5)
    np.testing.assert_allclose(grid.sum(axis=0), 0, atol=1e-6)
