import torch

from acme_tracker.training.appearance import Colour


def test_colour_keeps_a_grey_picture_nearly_grey() -> None:
    torch.manual_seed(3)
    grey = torch.full((3, 8, 8), 100, dtype=torch.uint8)
    for _ in range(20):
        changed = Colour()(grey).float()
        assert changed.std((1, 2)).max() == 0
        assert changed.amax() / changed.amin().clamp(min=1) < 1.2  # a tint, no more


def test_colour_changes_brightness_and_never_wraps_around() -> None:
    torch.manual_seed(3)
    bright = torch.full((3, 8, 8), 250, dtype=torch.uint8)
    means = [Colour()(bright).float().mean().item() for _ in range(40)]
    assert min(means) > 120
    assert max(means) > 250
    assert len({round(mean) for mean in means}) > 10
