from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from acme_tracker.networks.assignment import assign, inside, pairwise_giou, pairwise_iou
from acme_tracker.networks.decoding import Grid, RawOutputs, decode_boxes, make_grid
from acme_tracker.networks.losses import Targets, background_mask, detection_loss

SIZE = (96, 64)
GRID = make_grid(SIZE)
POINTS = len(GRID.centres)
WHOLE = (0.0, 0.0, 96.0, 64.0)
CAR, BUS, ANY = 0, 1, 2  # the outputs of these tests; a car or a bus is an ANY
LABELS = {
    "car": ((1, 0, 1), (1, 1, 1)),
    "bus": ((0, 1, 1), (1, 1, 1)),
    "any": ((0, 0, 1), (0, 0, 1)),
}

Box = tuple[float, float, float, float]


def targets(
    boxes: list[tuple[int, Box, str]],
    ignore: list[tuple[int, Box, tuple[int, int, int]]] = [],  # noqa: B006 - only read
    tiles: list[tuple[int, Box, tuple[int, int, int]]] = [(0, WHOLE, (1, 1, 1))],  # noqa: B006
) -> Targets:
    """From rows of (image, box, label) and (image, box, outputs)."""

    def rows(table: list[tuple[int, Box, tuple[int, int, int]]]) -> tuple[Tensor, Tensor, Tensor]:
        return (
            torch.tensor([r[1] for r in table], dtype=torch.float32).reshape(-1, 4),
            torch.tensor([r[0] for r in table], dtype=torch.int64),
            torch.tensor([r[2] for r in table], dtype=torch.float32).reshape(-1, 3),
        )

    xyxy, image, positive = rows([(i, box, LABELS[label][0]) for i, box, label in boxes])
    known = rows([(i, box, LABELS[label][1]) for i, box, label in boxes])[2]
    return Targets(xyxy, image, positive, known, *rows(ignore), *rows(tiles))


def raw_boxes(xyxy: Tensor, grid: Grid = GRID) -> Tensor:
    """Raw distances (N, 4) with which every point predicts a box as near to this as it can."""
    sides = torch.cat([grid.centres - xyxy[:2], xyxy[2:] - grid.centres], 1)
    return (sides.clamp(min=0.2) / grid.strides).log()


def outputs(logit: float = -4.0, images: int = 1, box: Box | None = None) -> RawOutputs:
    xyxy = torch.tensor(box or (30.0, 20.0, 60.0, 45.0))
    return RawOutputs(
        torch.full((images, POINTS, 3), logit, requires_grad=True),
        raw_boxes(xyxy).expand(images, -1, -1).clone().requires_grad_(),
    )


def gradients(raw: RawOutputs, wanted: Targets) -> tuple[Tensor, Tensor]:
    """Of the scores (B, N, K) and of the distances (B, N, 4)."""
    total = detection_loss(raw, wanted, GRID).total
    scores, boxes = torch.autograd.grad(total, [raw.logits, raw.distances])
    return scores, boxes


def test_overlaps_are_as_by_hand() -> None:
    a = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 2, 2]])
    b = torch.tensor([[0.0, 0, 4, 4], [2, 0, 6, 4], [4, 0, 6, 2]])
    assert pairwise_iou(a, b).tolist() == pytest.approx([1, 8 / 24, 0])
    assert pairwise_giou(a, b).tolist() == pytest.approx([1, 8 / 24, 0 - 4 / 12])


def test_a_box_gets_its_best_points_and_the_best_learns_the_overlap_as_score() -> None:
    box = torch.tensor([[8.0, 8, 56, 56]])
    scores = torch.full((1, POINTS, 3), 0.1)
    predicted = box.expand(1, POINTS, 4).clone()
    predicted[0, :, 2] = 32.0  # IoU 0.5 everywhere
    favourite = int((GRID.centres - torch.tensor([36.0, 36.0])).square().sum(1).argmin())
    predicted[0, favourite] = torch.tensor([8.0, 8, 44, 56])  # IoU 0.75
    got = assign(scores, predicted, box, torch.tensor([0]), torch.ones(1, 3), GRID)
    assert len(got.point) == 10
    assert got.quality.max().item() == pytest.approx(0.75)
    assert got.point[got.quality.argmax()] == favourite
    rest = 0.75 * (0.5 / 0.75) ** 4
    assert sorted(got.quality.tolist())[:-1] == pytest.approx([rest] * 9)


def test_a_better_score_of_its_own_outputs_makes_a_point_better() -> None:
    box = torch.tensor([[8.0, 8, 56, 56]])
    scores = torch.full((1, POINTS, 3), 0.1)
    first, second = 26, 27  # at (20, 20) and (28, 20)
    scores[0, first, BUS] = 0.9  # of no interest to a car
    scores[0, second, CAR] = 0.4
    positive = torch.tensor([[1.0, 0, 1]])
    got = assign(scores, box.expand(1, POINTS, 4), box, torch.tensor([0]), positive, GRID)
    assert got.point[got.quality.argmax()] == second
    # Scores of 0.4 and 0.1 under a square root.
    assert sorted(got.quality.tolist())[-2:] == pytest.approx([0.5, 1.0])


def test_a_point_that_two_boxes_want_goes_to_the_one_it_overlaps_most() -> None:
    boxes = torch.tensor([[0.0, 0, 64, 64], [24, 24, 40, 40]])
    predicted = boxes[1].expand(1, POINTS, 4)
    got = assign(
        torch.full((1, POINTS, 3), 0.5),
        predicted,
        boxes,
        torch.zeros(2, dtype=torch.int64),
        torch.ones(2, 3),
        GRID,
    )
    in_the_small_one = inside(boxes[1:], GRID.centres)[0].nonzero()[:, 0].tolist()
    assert sorted(got.point[got.truth == 1].tolist()) == in_the_small_one
    assert (got.truth == 0).any()
    assert len(set(got.point.tolist())) == len(got.point)


def test_of_two_equal_boxes_each_point_learns_one() -> None:
    boxes = torch.tensor([[8.0, 8, 40, 40], [8, 8, 40, 40]])
    got = assign(
        torch.full((1, POINTS, 3), 0.5),
        boxes[:1].expand(1, POINTS, 4),
        boxes,
        torch.zeros(2, dtype=torch.int64),
        torch.ones(2, 3),
        GRID,
    )
    assert len(set(got.point.tolist())) == len(got.point) == 10


@given(x=st.floats(1, 90), y=st.floats(1, 58), side=st.floats(1.0, 12.0))
@settings(max_examples=60, deadline=None)
def test_every_box_however_small_is_learnt_by_some_point(x: float, y: float, side: float) -> None:
    box = torch.tensor([[x, y, x + side, y + side]])
    middle = (box[:, :2] + box[:, 2:]) / 2
    if not ((middle > 0) & (middle < torch.tensor(SIZE))).all():
        return
    predicted = decode_boxes(torch.zeros(1, POINTS, 4), GRID)
    scores = torch.full((1, POINTS, 3), 0.01)
    got = assign(scores, predicted, box, torch.tensor([0]), torch.ones(1, 3), GRID)
    assert len(got.point) >= 1
    assert ((got.quality > 0) & (got.quality <= 1)).all()


@st.composite
def scenes(draw: st.DrawFn) -> Targets:
    rows = []
    for _ in range(draw(st.integers(0, 5))):
        x, y = draw(st.floats(-10, 90)), draw(st.floats(-10, 60))
        width, height = draw(st.floats(1, 90)), draw(st.floats(1, 60))
        label = draw(st.sampled_from(sorted(LABELS)))
        rows.append((draw(st.integers(0, 1)), (x, y, x + width, y + height), label))
    return targets(rows, tiles=[(0, WHOLE, (1, 1, 1)), (1, WHOLE, (1, 0, 0))])


@given(wanted=scenes(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_loss_and_gradients_are_finite_and_qualities_are_scores(wanted: Targets, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    raw = RawOutputs(
        (torch.randn(2, POINTS, 3, generator=generator) * 9).requires_grad_(),
        (torch.randn(2, POINTS, 4, generator=generator) * 9).requires_grad_(),
    )
    losses = detection_loss(raw, wanted, GRID)
    assert losses.total.isfinite()
    assert losses.boxes >= 0
    for gradient in torch.autograd.grad(losses.total, [raw.logits, raw.distances]):
        assert gradient.isfinite().all()


def test_without_boxes_the_loss_is_the_cross_entropy_of_nothing() -> None:
    losses = detection_loss(outputs(-2.0), targets([]), GRID)
    each = math.log(1 + math.exp(-2.0))
    assert losses.scores.item() == pytest.approx(POINTS * 3 * each, rel=1e-5)
    assert (losses.boxes.item(), losses.positives) == (0, 0)


def test_right_boxes_with_sure_scores_leave_next_to_no_loss() -> None:
    box = (20.0, 12.0, 70.0, 56.0)
    raw = outputs(-12.0, box=box)
    wanted = targets([(0, box, "car")])
    xyxy = torch.tensor([box])
    inner = (GRID.centres > xyxy[:, :2] + 1).all(1) & (GRID.centres < xyxy[:, 2:] - 1).all(1)
    chosen = inner.nonzero()[:10, 0]
    with torch.no_grad():
        raw.logits[0, chosen, CAR] = raw.logits[0, chosen, ANY] = 12.0
    losses = detection_loss(raw, wanted, GRID)
    assert losses.boxes.item() < 1e-3
    assert losses.scores.item() < 0.01


def test_classes_that_a_picture_does_not_label_learn_nothing_from_its_background() -> None:
    scores, _ = gradients(outputs(), targets([], tiles=[(0, WHOLE, (1, 0, 0))]))
    assert (scores[..., CAR] > 0).all()
    assert (scores[..., [BUS, ANY]] == 0).all()


def test_each_tile_of_a_mosaic_keeps_its_own_mask() -> None:
    tiles = [(0, (0.0, 0.0, 48.0, 64.0), (1, 0, 0)), (0, (48.0, 0.0, 96.0, 64.0), (0, 1, 0))]
    mask = background_mask(targets([], tiles=tiles), GRID, 1)[0]
    left = GRID.centres[:, 0] < 48
    assert torch.equal(mask[:, CAR], left.float())
    assert torch.equal(mask[:, BUS], (~left).float())


def test_a_vehicle_of_unknown_kind_trains_its_box_and_the_any_of_score_alone() -> None:
    box = (30.0, 20.0, 60.0, 45.0)
    wanted = targets([(0, box, "any")], tiles=[(0, WHOLE, (0, 0, 0))])
    scores, boxes = gradients(outputs(box=(32.0, 24.0, 60.0, 45.0)), wanted)
    assert (scores[..., ANY] < 0).any()
    assert (scores[..., [CAR, BUS]] == 0).all()
    assert (boxes != 0).any()


def test_a_car_is_no_bus_even_where_buses_are_not_labelled() -> None:
    wanted = targets([(0, (30.0, 20.0, 60.0, 45.0), "car")], tiles=[(0, WHOLE, (1, 0, 0))])
    scores, _ = gradients(outputs(), wanted)
    rows = (scores[0, :, CAR] < 0).nonzero()[:, 0]
    assert len(rows) == 10
    assert (scores[0, rows, ANY] < 0).all()
    assert (scores[0, rows, BUS] > 0).all()


def test_nothing_is_learnt_in_a_box_to_ignore() -> None:
    region = (0.0, 0.0, 48.0, 64.0)
    scores, boxes = gradients(outputs(), targets([], ignore=[(0, region, (1, 1, 1))]))
    left = GRID.centres[:, 0] < 48
    assert (scores[0, left] == 0).all()
    assert (scores[0, ~left] > 0).all()
    assert (boxes == 0).all()


def test_a_crowd_of_one_class_hides_that_class_only() -> None:
    scores, _ = gradients(outputs(), targets([], ignore=[(0, WHOLE, (1, 0, 1))]))
    assert (scores[..., [CAR, ANY]] == 0).all()
    assert (scores[..., BUS] > 0).all()


def test_pictures_of_a_batch_do_not_mix() -> None:
    both = [(0, WHOLE, (1, 1, 1)), (1, WHOLE, (1, 1, 1))]
    box = (30.0, 20.0, 60.0, 45.0)
    scores, boxes = gradients(outputs(images=2), targets([(1, box, "bus")], tiles=both))
    assert (scores[0] > 0).all()
    assert (scores[1] < 0).any()
    assert (boxes[0] == 0).all()


def test_outputs_that_follow_the_gradient_find_every_object() -> None:
    wanted = targets([(0, (30.0, 20.0, 60.0, 45.0), "car"), (0, (4.0, 4.0, 12.0, 10.0), "bus")])
    torch.manual_seed(0)
    logits = torch.full((1, POINTS, 3), -4.0, requires_grad=True)
    distances = torch.zeros((1, POINTS, 4), requires_grad=True)
    for step in range(120):
        raw = RawOutputs(logits, distances)
        downhill = gradients(raw, wanted)
        with torch.no_grad():
            for values, gradient in zip(raw, downhill, strict=True):
                values -= 0.15 * (1 - step / 120) * gradient.sign()
    scores, boxes = logits.sigmoid()[0], decode_boxes(distances, GRID)[0]
    for number, output in enumerate((CAR, BUS)):
        best = scores[:, output].argmax()
        assert scores[best, output] > 0.8
        assert pairwise_iou(boxes[best], wanted.xyxy[number]) > 0.9
        assert scores[best, ANY] > 0.8
        assert scores[best, 1 - output] < 0.1
