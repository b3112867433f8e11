from pathlib import Path

import pytest
import torch

from acme_tracker.errors import ConfigError
from acme_tracker.networks.smaller_vgg import SmallerVggDetector, SmallerVggSpec
from acme_tracker.networks.weights import save_detector
from acme_tracker.training.transfer import find_weights, take_over
from tests.training.scenes import begin, tiny, tiny_data


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


def test_weights_are_found_by_file_by_folder_and_by_the_name_of_a_shipped_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, models = tmp_path / "run", tmp_path / "models"
    shipped = models / "small"
    for folder in (run, shipped):
        folder.mkdir(parents=True)
    (run / "best.safetensors").touch()
    (shipped / "model.safetensors").touch()
    monkeypatch.setattr("acme_tracker.training.transfer.models_dir", lambda: models)
    assert find_weights(str(run / "best.safetensors")) == run / "best.safetensors"
    assert find_weights(str(run)) == run / "best.safetensors"
    assert find_weights("small") == find_weights(str(shipped)) == shipped / "model.safetensors"
    assert find_weights(None) is find_weights("none") is None
    with pytest.raises(ConfigError, match=r"smal is no weights file.*and no model in"):
        find_weights("smal")
    with pytest.raises(ConfigError, match="~nosuchuser/run is no weights file"):
        find_weights("~nosuchuser/run")


def test_a_run_begins_with_the_weights_of_another_and_needs_them_no_more_when_resumed(
    tmp_path: Path,
) -> None:
    given = saved(tmp_path / "a.safetensors", SmallerVggSpec(("bus", "vehicle"), width=0.125))
    data = tiny_data(tmp_path / "data")
    settings = tiny(model__weights=str(tmp_path / "a.safetensors"))
    network = begin(data, settings, tmp_path / "run").network.state_dict()
    theirs = given.state_dict()
    assert torch.equal(network["stem.main.0.weight"], theirs["stem.main.0.weight"])
    assert torch.equal(network["scores.0.weight"][1], theirs["scores.0.weight"][0])
    (tmp_path / "a.safetensors").unlink()
    begin(data, settings, tmp_path / "run", resume=True)
