from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from acme_tracker.datasets import image_size, load_image
from acme_tracker.datasets.images import decode_image, list_images
from acme_tracker.errors import DatasetError
from tests.datasets.making import picture, text


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_header_and_the_pixels_agree_on_the_size(
    tmp_path: Path, form: str, orientation: int
) -> None:
    from PIL import Image

    image = Image.new("RGB", (40, 20))
    exif = image.getexif()
    exif[0x0112] = orientation
    path = tmp_path / f"ünï 交通.x.{form}"
    image.save(path, form, exif=exif)
    height, width = load_image(path).shape[:2]
    assert image_size(path) == (width, height)
    turned = orientation >= 5 and form != "BMP"
    assert (width, height) == ((20, 40) if turned else (40, 20))


@pytest.mark.parametrize("read", [image_size, load_image])
def test_what_is_no_picture_is_one_line_with_its_name(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    (tmp_path / "empty.jpg").touch()
    text(tmp_path / "noise.jpg", "this is no picture")
    (tmp_path / "folder.jpg").mkdir()
    for name, why in (
        ("empty.jpg", "empty"), ("noise.jpg", "not a picture"), ("gone.jpg", "missing"),
        ("folder.jpg", "missing"),
    ):  # fmt: skip
        with pytest.raises(DatasetError, match=f"{name}: .*{why}"):
            read(tmp_path / name)


def test_pictures_are_listed_whatever_their_case_and_companions(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "sub/c.Jpeg", "._a.png", "notes.txt"):
        text(tmp_path / name, "")
    found = [path.relative_to(tmp_path).as_posix() for path in list_images(tmp_path)]
    assert found == ["a.png", "b.JPG", "sub/c.Jpeg"]
    assert len(list_images(tmp_path, deep=False)) == 2


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_truncated_picture_has_a_size_but_does_not_decode(tmp_path: Path, name: str) -> None:
    path = picture(tmp_path / name, (400, 300))
    decode_image(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert image_size(path) == (400, 300)
    with pytest.raises(DatasetError, match="damaged"):
        decode_image(path)
