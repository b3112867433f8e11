from pathlib import Path

import pytest
import torch

from acme_tracker.errors import ConfigError
from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec
from acme_tracker.networks.weights import save_detector
from acme_tracker.training.transfer import take_over


def saved(path: Path, spec: SmallerVggSpec) -> SmallerVggDetector:
    torch.manual_seed(1)
    network = SmallerVggDetector(spec)
    save_detector(network, spec, path, {})
    return network.eval()


def test_the_same_classes_give_the_same_network(tmp_path: Path) -> None:
    spec = SmallerVggSpec(("car", "bus"), width=0.25)
    teacher = saved(tmp_path / "a.safetensors", spec)
    torch.manual_seed(2)
    network = SmallerVggDetector(spec).eval()
    assert take_over(network, tmp_path / "a.safetensors") == []
    image = torch.rand(1, 3, 64, 96) * 255
    assert torch.equal(network(image).logits, teacher(image).logits)


def test_scores_go_by_name_and_new_classes_begin_anew(tmp_path: Path) -> None:
    teacher = saved(tmp_path / "a.safetensors", SmallerVggSpec(("car", "bus"), width=0.25))
    network = SmallerVggDetector(SmallerVggSpec(("bus", "tram", "car"), width=0.25)).eval()
    before = network.state_dict()["scores.0.weight"][1].clone()
    assert take_over(network, tmp_path / "a.safetensors") == ["tram"]
    image = torch.rand(1, 3, 64, 96) * 255
    mine, theirs = network(image).logits, teacher(image).logits
    torch.testing.assert_close(mine[..., [2, 0]], theirs)
    assert torch.equal(network.state_dict()["scores.0.weight"][1], before)


def test_another_width_says_which(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", SmallerVggSpec(("car",), width=0.25))
    network = SmallerVggDetector(SmallerVggSpec(("car",), width=0.5))
    with pytest.raises(ConfigError, match=r"model\.width is 0\.5, but .* has 0\.25"):
        take_over(network, tmp_path / "a.safetensors")
