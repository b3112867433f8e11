from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.fx
from torch import nn

from acme_tracker.datatypes import ROAD_USERS
from acme_tracker.errors import DetectorError
from acme_tracker.networks.blocks import ConvBlock, folded, multiply_adds
from acme_tracker.networks.decoding import DecodedDetector, decode_boxes, make_grid
from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVGGNet, SmallerVggSpec
from acme_tracker.networks.weights import load_detector, save_detector

OUTPUTS = (*ROAD_USERS, "vehicle")


def used(network: nn.Module) -> None:
    """Give every batch norm statistics and factors as after some training."""
    generator = torch.Generator().manual_seed(3)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.running_mean, layer.bias.data):
                assert values is not None
                values.copy_(torch.randn(values.shape, generator=generator) * 0.3)
            for values in (layer.running_var, layer.weight.data):
                assert values is not None
                values.copy_(torch.rand(values.shape, generator=generator) + 0.5)


def detector(
    width: float = 0.25, stem_stride: int = 2, branches: bool = True
) -> SmallerVggDetector:
    torch.manual_seed(0)
    spec = SmallerVggSpec(OUTPUTS, width, stem_stride, branches)  # type: ignore[arg-type]
    return SmallerVggDetector(spec).eval()


def test_the_classifier_has_the_published_layers() -> None:
    network = SmallerVGGNet(5).eval()
    assert network(torch.zeros(2, 3, 96, 96)).shape == (2, 5)
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [32, 64, 64, 128, 128]
    assert {conv.kernel_size for conv in convs} == {(3, 3)}
    pools = [m.kernel_size for m in network.modules() if isinstance(m, nn.MaxPool2d)]
    drops = [m.p for m in network.modules() if isinstance(m, nn.Dropout)]
    dense = [m.out_features for m in network.modules() if isinstance(m, nn.Linear)]
    assert (pools, drops, dense) == ([3, 2, 2], [0.25, 0.25, 0.25, 0.5], [1024, 5])


def test_the_first_size_takes_half_a_billion_multiply_adds_at_640x384() -> None:
    plain = SmallerVggDetector(SmallerVggSpec(OUTPUTS, branches=False))
    assert 0.45e9 < multiply_adds(plain, (640, 384)) < 0.57e9
    assert sum(p.numel() for p in plain.parameters()) < 0.7e6


def test_multiply_adds_are_counted_as_by_hand() -> None:
    assert multiply_adds(nn.Conv2d(3, 4, 3, 2, 1), (8, 6)) == 3 * 4 * 9 * 4 * 3


@pytest.mark.parametrize("stem_stride", [2, 4])
def test_the_detector_answers_at_every_point_of_its_grid(stem_stride: int) -> None:
    logits, distances = detector(stem_stride=stem_stride)(torch.zeros(2, 3, 64, 96))
    points = len(make_grid((96, 64)).centres)
    assert points == 12 * 8 + 6 * 4 + 3 * 2
    assert logits.shape == (2, points, len(OUTPUTS))
    assert distances.shape == (2, points, 4)


def test_the_first_convolution_has_no_branch_as_its_gradient_crashes_torch() -> None:
    assert detector().stem.point is None
    assert detector().stages[1][0].point is not None  # type: ignore[index]


def test_scores_are_near_nothing_before_training() -> None:
    logits, _ = detector().train()(torch.rand(4, 3, 64, 64) * 255)
    assert 0.003 < logits.sigmoid().mean() < 0.03


@pytest.mark.parametrize(
    ("stride", "kernel", "inputs"), [(1, 3, 6), (2, 3, 6), (2, 5, 3), (1, 1, 4)]
)
def test_a_folded_block_computes_the_same(stride: int, kernel: int, inputs: int) -> None:
    torch.manual_seed(1)
    block = ConvBlock(inputs, 6, stride, kernel, branches=True).eval()
    used(block)
    x = torch.randn(2, inputs, 12, 10)
    assert (block.identity is not None) == (stride == 1 and inputs == 6)
    assert torch.allclose(block.folded()(x), block(x), rtol=1e-4, atol=1e-5)


def test_a_folded_detector_is_plain_convolutions_that_compute_the_same() -> None:
    network = detector()
    used(network)
    plain = folded(network)
    assert not any(isinstance(m, nn.BatchNorm2d | ConvBlock) for m in plain.modules())
    assert any(isinstance(m, ConvBlock) for m in network.modules()), "the original is untouched"
    x = torch.rand(2, 3, 64, 96) * 255
    for got, wanted in zip(plain(x), network(x), strict=True):
        assert torch.allclose(got, wanted, rtol=1e-3, atol=1e-4)


def test_grid_points_are_the_middles_of_cells_row_by_row() -> None:
    grid = make_grid((64, 32))
    assert grid.centres[:2].tolist() == [[4, 4], [12, 4]]
    assert grid.centres[8].tolist() == [4, 12]
    assert grid.centres[-2:].tolist() == [[16, 16], [48, 16]]
    assert grid.strides[[0, 31, 32, -1], 0].tolist() == [8, 8, 16, 32]


@pytest.mark.parametrize("size", [(640, 360), (0, 32), (33, 32)])
def test_a_size_that_does_not_fit_the_strides_is_told(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        make_grid(size)


def test_distances_are_decoded_as_by_hand() -> None:
    grid = make_grid((32, 32))
    raw = torch.zeros(1, len(grid.centres), 4)
    raw[0, 0] = torch.tensor([0.0, 0.5, 1.0, 1.5]).exp().log()
    left, top, right, bottom = decode_boxes(raw, grid)[0, 0].tolist()
    e = torch.tensor([0.5, 1.0, 1.5]).exp() * 8
    assert (left, top) == pytest.approx((4 - 8, 4 - e[0].item()))
    assert (right, bottom) == pytest.approx((4 + e[1].item(), 4 + e[2].item()))


def test_absurd_distances_stay_finite() -> None:
    grid = make_grid((32, 32))
    raw = torch.full((len(grid.centres), 4), 1e9)
    assert decode_boxes(raw, grid).isfinite().all()


def test_the_decoded_detector_is_one_graph_without_branches_to_export() -> None:
    network = DecodedDetector(folded(detector()), (96, 64)).eval()
    x = torch.rand(1, 3, 64, 96) * 255
    exported = torch.fx.symbolic_trace(network)  # as exporters do, in a hundredth of their time
    for got, wanted in zip(exported(x + 1), network(x + 1), strict=True):
        assert torch.allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_weights_come_back_with_what_builds_their_network(tmp_path: Path) -> None:
    network = detector(stem_stride=4)
    path = tmp_path / "best.safetensors"
    save_detector(network, network.spec, path, {"epoch": "7"})
    loaded, head = load_detector(path)
    assert (loaded.spec, head["epoch"], loaded.training) == (network.spec, "7", False)
    x = torch.rand(1, 3, 64, 64) * 255
    assert torch.equal(loaded(x).logits, network(x).logits)


def test_files_that_hold_no_such_weights_are_told(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    other, damaged = tmp_path / "other.safetensors", tmp_path / "damaged.safetensors"
    save_file({"w": torch.zeros(1)}, other, {"network": "resnet"})
    damaged.write_bytes(b"not weights")
    for path, message in (
        (tmp_path / "none", "no weights file"),
        (other, "holds no smaller-vgg network but 'resnet'"),
        (damaged, "is damaged"),
    ):
        with pytest.raises(DetectorError, match=message):
            load_detector(path)
