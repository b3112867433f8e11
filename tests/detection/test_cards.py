from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from acme_tracker.config import DetectorSettings
from acme_tracker.detection.cards import COCO80, Card, load_card
from acme_tracker.detection.onnx import open_card
from acme_tracker.detection.registry import shipped_cards
from acme_tracker.errors import ConfigError, DetectorError
from tests.detection.networks import outputs_of, write_card, write_network

CPU = DetectorSettings(device="cpu", score=0.2)


def changed(card: Path, **changes: object) -> Path:
    values = {**yaml.safe_load(card.read_text()), **changes}
    card.write_text(yaml.safe_dump({k: v for k, v in values.items() if v is not None}))
    return card


def test_every_shipped_card_is_valid_and_says_its_licence() -> None:
    cards = shipped_cards()
    assert {"yolox-nano", "nanodet-plus-640", "picodet-s", "person-vehicle-bike-2003"} <= set(cards)
    for path in cards.values():
        assert load_card(path).licence


def test_the_coco_labels_are_the_eighty_in_their_order() -> None:
    assert len(set(COCO80)) == len(COCO80) == 80
    assert [COCO80.index(name) for name in ("car", "truck", "stop sign", "toothbrush")] == [
        2,
        7,
        11,
        79,
    ]
    assert all(name == name.strip() for name in COCO80)


def test_the_weights_path_is_relative_to_the_card(tmp_path: Path) -> None:
    card = write_card(tmp_path, "yolox", weights="../elsewhere/net.onnx")
    read = load_card(card)
    assert isinstance(read, Card)
    assert read.weights == tmp_path.parent / "elsewhere" / "net.onnx"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"famly": "yolox"}, r"unknown key 'famly' in .*tiny-yolox.yaml; did you mean 'family'"),
        ({"family": "yolo"}, r"family in .*tiny-yolox.yaml: .*got 'yolo'"),
        ({"weights": None}, r"tiny-yolox.yaml lacks the key 'weights'"),
        ({"std": [1, 0, 1]}, r"std must be above 0"),
        ({"input_size": [0, 32]}, r"input_size.* in .*greater than 0"),
        ({"classes": []}, r"classes in .*at least 1"),
    ],
)
def test_a_wrong_card_is_an_error_that_names_key_and_file(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    card = changed(write_card(tmp_path, "yolox"), **change)
    with pytest.raises(ConfigError, match=message):
        open_card(card, CPU)


def test_a_card_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read detector card .*no.yaml"):
        open_card(tmp_path / "no.yaml", CPU)


def test_outputs_of_another_family_are_an_error_with_both_shapes(tmp_path: Path) -> None:
    card = changed(write_card(tmp_path, "yolox"), family="nanodet-plus")
    with pytest.raises(
        DetectorError,
        match=r"tiny-yolox.yaml wants outputs of family nanodet-plus for 4 classes of shape "
        r"1x43x36, but yolox.onnx has 1x42x9",
    ):
        open_card(card, CPU)


def test_an_input_of_another_size_is_an_error_with_both_shapes(tmp_path: Path) -> None:
    card = changed(write_card(tmp_path, "yolox"), input_size=[32, 64])
    with pytest.raises(DetectorError, match=r"an input of shape 1x3x64x32, but .* has 1x3x32x64"):
        open_card(card, CPU)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text"])
def test_broken_weights_are_one_line_that_names_the_file(damage: str, tmp_path: Path) -> None:
    card, weights = write_card(tmp_path, "yolox"), tmp_path / "yolox.onnx"
    whole = weights.read_bytes()
    weights.unlink()
    if damage != "missing":
        kept = {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"not a network\n" * 99}
        weights.write_bytes(kept[damage])
    with pytest.raises(DetectorError, match=r"weights file .*yolox\.onnx") as caught:
        open_card(card, CPU)
    assert "\n" not in str(caught.value)


def test_an_openvino_file_needs_its_other_half(tmp_path: Path) -> None:
    (tmp_path / "net.xml").write_text("<net/>")
    card = write_card(tmp_path, "yolox", weights="net.xml")
    with pytest.raises(DetectorError, match=r"no weights file .*net\.bin"):
        open_card(card, CPU)


def test_weights_of_the_settings_take_the_place_of_the_cards(tmp_path: Path) -> None:
    card = write_card(tmp_path, "boxes-labels")
    other = [outputs_of("boxes-labels")[0], outputs_of("boxes-labels")[1][::-1].copy()]
    given = write_network(tmp_path / "other.onnx", other)
    picture = [np.zeros((32, 64, 3), np.uint8)]
    everything = ("person", "car", "truck", "traffic light")
    own = CPU.model_copy(update={"classes": everything})
    first = open_card(card, own).detect(picture)[0]
    second = open_card(card, own.model_copy(update={"weights": given})).detect(picture)[0]
    assert first.class_id.tolist() != second.class_id.tolist()


def test_a_changed_file_is_not_read_from_the_cache(tmp_path: Path) -> None:
    card = write_card(tmp_path, "boxes-labels")
    picture = [np.zeros((32, 64, 3), np.uint8)]
    before = open_card(card, CPU).detect(picture)[0]
    boxes, labels = outputs_of("boxes-labels")
    boxes[:, :4] /= 2
    write_network(tmp_path / "boxes-labels.onnx", [boxes, labels])
    after = open_card(card, CPU).detect(picture)[0]
    np.testing.assert_allclose(after.xyxy, before.xyxy / 2)
