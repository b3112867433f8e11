from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_tracker.boxes import areas
from acme_tracker.errors import ConfigError, DatasetError
from acme_tracker.networks.decoding import make_grid
from acme_tracker.networks.losses import background_mask
from acme_tracker.training.appearance import Night, Rain, appearance
from acme_tracker.training.data import open_training_data
from acme_tracker.training.draws import Draw, EpochBatches, source_of
from acme_tracker.training.geometry import draw_matrix, lay_boxes, lay_picture
from acme_tracker.training.samples import Batch, Collate, Sample, SampleMaker, open_loader
from acme_tracker.training.settings import AugmentationSettings, SourceOfImages
from tests.training.scenes import learner_of, tiny, tiny_data, write_data

PLAIN = {
    f"augmentation__{name}": 0
    for name in ("colour", "grey", "blur", "compression", "night", "rain", "rotation_degrees")
}


def batches_of(epoch: int, names: list[str], **more: object) -> list[list[Draw]]:
    batches = EpochBatches(names, tiny(**more))
    batches.epoch = epoch
    return list(batches)


def test_an_epoch_shows_every_image_in_another_order_each_time() -> None:
    names = [f"{number}.jpg" for number in range(8)]
    first, second = ([d.image for b in batches_of(e, names) for d in b] for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(8))
    assert first != second
    assert [d.image for b in batches_of(0, names) for d in b] == first


def test_a_weight_says_how_often_an_image_is_drawn() -> None:
    sources = {"road": {"weight": 3}, "road_far": {"weight": 1}}
    names = ["road1.jpg", "road_far2.jpg", "other3.jpg", "x/road4.jpg"]
    drawn = [
        draw.image
        for epoch in range(50)
        for batch in batches_of(epoch, names, data__sources=sources, optimisation__epochs=50)
        for draw in batch
    ]
    shares = np.bincount(drawn) / len(drawn)
    assert shares.tolist() == pytest.approx([3 / 8, 1 / 8, 1 / 8, 3 / 8], abs=0.05)


def test_the_last_epochs_are_of_full_size_and_whole_pictures() -> None:
    plan = {
        "optimisation__epochs": 10,
        "input__full_size_share": 0.4,
        "augmentation__plain_share": 0.2,
    }
    names = [f"{number}.jpg" for number in range(40)]
    seen = [
        ({draw.size for batch in batches_of(epoch, names, **plan) for draw in batch}, epoch)
        for epoch in range(10)
    ]
    assert [sizes == {(64, 64)} for sizes, _ in seen] == [False] * 6 + [True] * 4
    mosaics = [batches_of(epoch, names, **plan)[0][0].mosaic for epoch in range(10)]
    assert mosaics == [True] * 8 + [False] * 2


@given(
    seed=st.integers(0, 10_000),
    picture=st.tuples(st.integers(20, 400), st.integers(20, 400)),
    tile=st.tuples(st.integers(16, 300), st.integers(16, 300)),
)
@settings(max_examples=60, deadline=None)
def test_a_picture_covers_its_tile_or_lies_in_it(
    seed: int, picture: tuple[int, int], tile: tuple[int, int]
) -> None:
    whole = np.array([[0, 0, *picture]], np.float32)
    straight = AugmentationSettings(rotation_degrees=0)
    rng = np.random.default_rng(seed)
    matrix = draw_matrix(picture, tile, (320, 192), whole, SourceOfImages(), straight, rng)
    (place,) = (whole.reshape(2, 2) @ matrix[:, :2].T + matrix[:, 2]).reshape(1, 4)
    low, high = np.minimum(place[:2], place[2:]), np.maximum(place[:2], place[2:])
    for axis in range(2):
        covers = low[axis] <= 1e-3 and high[axis] >= tile[axis] - 1e-3
        within = low[axis] >= -1e-3 and high[axis] <= tile[axis] + 1e-3
        assert covers or within
    drawn = (high - low).prod() ** 0.5 / (320 * 192) ** 0.5
    assert 0.49 < drawn < 1.52  # whole pixels fill whole pixels


@pytest.mark.parametrize("flip", [0, 1])
def test_pictures_are_laid_as_by_the_matrix_whether_resized_or_warped(flip: int) -> None:
    import cv2

    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (120, 180, 3), np.uint8)
    image = np.asarray(cv2.GaussianBlur(noise, (0, 0), 6), np.uint8)
    upright = AugmentationSettings(rotation_degrees=0, flip=flip)
    for zoom in (0.5, 0.7, 1.5):
        source = SourceOfImages(zoom=(zoom, zoom))
        none = np.zeros((0, 4), np.float32)
        matrix = draw_matrix((180, 120), (160, 96), (160, 96), none, source, upright, rng)
        laid = lay_picture(image, matrix, (160, 96))
        # The middles of the tile's pixels, looked up in the picture.
        inverse = cv2.invertAffineTransform(matrix)
        x, y = np.meshgrid(np.arange(160) + 0.5, np.arange(96) + 0.5)
        at = np.stack([x, y], -1) @ inverse[:, :2].T + inverse[:, 2] - 0.5
        places = np.moveaxis(at.astype(np.float32), -1, 0)
        wanted = cv2.remap(
            image, places[0], places[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        inside = (at > 0).all(-1) & (at < (179, 119)).all(-1)
        assert inside.mean() > 0.2
        assert np.abs(laid.astype(int) - wanted)[inside].max() <= 3
        outside = (at < -1).any(-1) | (at > (180, 120)).any(-1)
        assert (laid[outside] == 114).all()


def test_boxes_go_where_their_pixels_go() -> None:
    image = np.zeros((80, 120, 3), np.uint8)
    image[30:50, 60:90] = 255
    box = np.array([[60, 30, 90, 50]], np.float32)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        turned = AugmentationSettings(rotation_degrees=5)
        matrix = draw_matrix((120, 80), (160, 96), (160, 96), box, SourceOfImages(), turned, rng)
        laid, (xyxy, visible) = (
            lay_picture(image, matrix, (160, 96)),
            lay_boxes(box, matrix, (160, 96)),
        )
        y, x = np.nonzero(laid[..., 0] > 200)
        if visible[0] > 0.5:
            seen = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
            assert np.abs(seen - xyxy[0]).max() <= 3


def test_a_cut_box_tells_how_much_of_it_is_left() -> None:
    still = np.array([[1.0, 0, -10], [0, 1, 0]])
    boxes = np.array([[0, 0, 20, 10], [-30, 0, 5, 9], [12, 2, 20, 8]], np.float32)
    xyxy, visible = lay_boxes(boxes, still, (30, 30))
    assert visible.tolist() == pytest.approx([0.5, 0, 1])
    assert xyxy[0].tolist() == [0, 0, 10, 10]


@pytest.mark.parametrize(
    "look", [Night(), Rain(), appearance(AugmentationSettings(night=1, rain=1))]
)
def test_looks_are_pictures_that_the_generator_repeats(look: torch.nn.Module) -> None:
    image = torch.full((3, 32, 48), 120, dtype=torch.uint8)
    made = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        made.append(look(image))
    assert (made[0].shape, made[0].dtype) == (image.shape, torch.uint8)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_night_is_darker() -> None:
    image = torch.full((3, 64, 96), 120, dtype=torch.uint8)
    torch.manual_seed(0)
    medians = [Night()(image).float().median().item() for _ in range(20)]
    assert max(medians) < 120
    assert np.mean(medians) < 75


def test_a_sample_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    data = tiny_data(tmp_path)
    draw = Draw((0, 3, 17), 2, (64, 32), True)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, second = (SampleMaker(data, tiny(augmentation__mosaic=1))[draw] for _ in range(2))
    assert isinstance(first, Sample)
    assert isinstance(second, Sample)
    assert torch.equal(first.image, second.image)
    assert np.array_equal(first.xyxy, second.xyxy)
    assert torch.equal(before, torch.random.get_rng_state()), "the caller's generator is untouched"


def test_a_mosaic_has_four_pictures_that_cover_it_with_their_masks(tmp_path: Path) -> None:
    options = tiny(augmentation__mosaic=1)
    data = tiny_data(tmp_path, options)
    sample = SampleMaker(data, options)[Draw((0, 0, 0), 0, (64, 64), True)]
    assert isinstance(sample, Sample)
    assert areas(sample.tile_xyxy).sum() == 64 * 64
    assert sample.labelled.shape == (4, 2)
    assert len(sample.names) == 4


def test_cut_and_tiny_boxes_are_ignored_not_lost(tmp_path: Path) -> None:
    options = tiny(augmentation__least_side_px=1000, augmentation__mosaic=0, **PLAIN)
    data = tiny_data(tmp_path, options)
    batch = Collate(data.rules)([SampleMaker(data, options)[Draw((0, 0, 0), 0, (64, 64), False)]])
    assert isinstance(batch, Batch)
    assert len(batch.targets.xyxy) == 0
    assert len(batch.targets.ignore_xyxy) > 0
    learnt = background_mask(batch.targets, make_grid((64, 64)), 1)
    assert (learnt == 0).any()
    assert (learnt == 1).any()


def test_what_a_source_does_not_label_is_masked_in_the_batch(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    (folder / "sources.json").write_text(
        '{"train": {"labelled_classes": ["car", "bus"]}, "train0": {"labelled_classes": ["car"]},'
        ' "val": {"labelled_classes": ["car", "bus"]}}'
    )
    options = tiny(augmentation__mosaic=0)
    data = open_training_data([folder], options)
    maker = SampleMaker(data, options)
    batch = Collate(data.rules)([maker[Draw((0, 0, n), n, (64, 64), False)] for n in (0, 1)])
    assert isinstance(batch, Batch)
    assert batch.targets.tile_outputs.tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("super_classes", [["vehicle"], []])
def test_a_bus_is_no_car_where_only_cars_are_wanted_and_a_vehicle_may_be_one(
    tmp_path: Path, super_classes: list[str]
) -> None:
    folder = write_data(tmp_path)
    words = "train: images/train\nval: images/val\nnames: [car, bus, vehicle]\n"
    (folder / "data.yaml").write_text(words, encoding="utf-8")
    vague = folder / "labels" / "train" / "train1.txt"
    vague.write_text(vague.read_text().replace("\n1 ", "\n2 "), encoding="utf-8")
    options = tiny(
        model__classes=["car"],
        model__super_classes=super_classes,
        augmentation__mosaic=0,
        **PLAIN,
    )
    data = open_training_data([folder], options)
    maker, k = SampleMaker(data, options), 1 + len(super_classes)
    batch = Collate(data.rules)([maker[Draw((0, 0, n), n, (64, 64), False)] for n in (0, 1)])
    assert isinstance(batch, Batch)
    targets = batch.targets
    assert targets.tile_outputs.tolist() == [[1] * k] * 2, "no car where no box is"
    hidden = list(zip(targets.ignore_image.tolist(), targets.ignore_outputs.tolist(), strict=True))
    if super_classes:  # car and bus, car and vehicle
        assert targets.image.tolist() == [0, 0, 1, 1]
        assert targets.positive.tolist() == [[1, 1], [0, 1], [1, 1], [0, 1]]
        assert targets.known.tolist() == [[1, 1], [1, 1], [1, 1], [0, 1]]
        assert hidden == []
    else:  # the bus is background
        assert targets.image.tolist() == [0, 1]
        assert hidden == [(1, [1])]


def test_another_process_prepares_the_same_batches_and_names_a_broken_picture(
    tmp_path: Path,
) -> None:
    data = tiny_data(tmp_path)
    alone, beside = tiny(), tiny(data__workers=1, data__cache_mb=0)
    here = list(open_loader(data, alone, EpochBatches(data.train.names, alone)))
    batches = EpochBatches(data.train.names, beside)
    loader = open_loader(data, beside, batches)
    there = list(loader)
    for one, other in zip(here, there, strict=True):
        assert isinstance(one, Batch)
        assert isinstance(other, Batch)
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.targets.xyxy, other.targets.xyxy)
    for path in data.train.paths:
        Path(path).write_bytes(b"no picture")
    (first, *_) = loader
    assert isinstance(first, DatasetError)
    assert "train" in str(first)
    assert "data check --decode" in str(first)
    assert "\n" not in str(first)


def test_images_are_held_out_by_split_by_name_or_at_the_end(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "a")
    by_split = open_training_data([folder], tiny())
    assert by_split.validation.names == ("val0.png", "val1.png")
    assert by_split.marked
    named = open_training_data([folder], tiny(data__validation_names=["train1", "train2"]))
    assert sorted(named.validation.names) == ["train1.png", "train2.png", "val0.png", "val1.png"]
    (folder / "data.yaml").write_text("train: images/train\nnames: [car, bus]\n")
    alone = open_training_data([folder], tiny(data__validation_share=0.34))
    assert alone.validation.names == ("train4.png", "train5.png")
    assert "no split or setting names any" in learner_of(alone, tiny()).summary()
    assert set(alone.train.names).isdisjoint(alone.validation.names)


@pytest.mark.parametrize(
    ("key", "value"),
    [("validation_names", ["train1", "nroth_"]), ("sources", {"nroth_": {"weight": 2}})],
)
def test_a_beginning_that_no_name_has_is_told(tmp_path: Path, key: str, value: object) -> None:
    folder = write_data(tmp_path)
    message = rf"data\.{key}: no image.* begins with 'nroth_'; the first image is 'train0.png'"
    with pytest.raises(ConfigError, match=message):
        open_training_data([folder], tiny(**{f"data__{key}": value}))


def test_the_share_to_hold_out_is_one_of_the_images_that_may_be_used(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    words = "train: images/train\ntest: images/val\nnames: [car, bus]\n"
    (folder / "data.yaml").write_text(words, encoding="utf-8")
    (folder / "labels" / "train" / "train5.txt").unlink()  # nothing is known of this image
    data = open_training_data([folder], tiny(data__validation_share=0.4))
    assert data.validation.names == ("train3.png", "train4.png")
    assert data.train.names == ("train0.png", "train1.png", "train2.png")


@pytest.mark.parametrize(
    ("name", "weight"),
    [("night_7.jpg", 2), ("night_west_7.jpg", 3), ("night_1/000001.jpg", 2), ("late_night.jpg", 1)],
)
def test_a_source_is_known_by_the_beginning_of_a_name_or_a_folder(name: str, weight: float) -> None:
    options = tiny(data__sources={"night_": {"weight": 2}, "night_west_": {"weight": 3}})
    assert source_of(name, options).weight == weight


def test_without_objects_to_learn_there_is_no_training(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    with pytest.raises(DatasetError, match="no labelled objects to learn from"):
        open_training_data([folder], tiny(data__validation_names=["train"]))
    for path in folder.glob("labels/*/*.txt"):
        path.write_text("", encoding="utf-8")
    with pytest.raises(DatasetError, match="no object is labelled"):
        open_training_data([folder], tiny())


def test_the_fingerprint_knows_labels_and_files(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    marks = [open_training_data([folder], tiny()).fingerprint["sha256"] for _ in range(2)]
    labels = folder / "labels" / "train" / "train0.txt"
    labels.write_text(labels.read_text().replace("0 ", "1 ", 1))
    marks.append(open_training_data([folder], tiny()).fingerprint["sha256"])
    assert marks[0] == marks[1] != marks[2]
