from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from acme_tracker.detection.cards import ModelCard, load_card
from acme_tracker.detection.smaller_vgg import OpenVinoRunner, TorchRunner, lay
from acme_tracker.errors import DetectorError, OutputError
from acme_tracker.training import exporting
from acme_tracker.training.exporting import compare, export, open_source, write_onnx
from tests.detection.models import OUTPUTS, SIZE, write_model, write_weights
from tests.fakes import textured_scene


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("run") / "best.safetensors").parent


def test_exported_files_compute_what_torch_does(run: Path, tmp_path: Path) -> None:
    pictures = [textured_scene(seed=seed) for seed in range(3)]
    found = export(open_source(str(run)), tmp_path, SIZE, openvino=True, pictures=pictures)
    assert [(one.file, one.pictures) for one in found] == [("model.onnx", 3), ("model.xml", 3)]
    for one in found:
        assert one.px < 0.01
        assert one.score < 1e-5


@pytest.mark.parametrize("size", [(64, 32), (160, 128)])
def test_one_file_serves_every_size(run: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    source = open_source(str(run))
    write_onnx(source.network, tmp_path / "model.onnx")
    assert compare(source, tmp_path / "model.onnx", size, [textured_scene()]).px < 0.01


def test_others_can_run_the_file_on_several_pictures(run: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    source = open_source(str(run))
    write_onnx(source.network, tmp_path / "model.onnx")
    pictures = lay([textured_scene(seed=seed) for seed in range(3)], SIZE)
    session = onnxruntime.InferenceSession(
        str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    rgb = pictures[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    got = session.run(["boxes", "scores"], {"images": rgb})
    wanted = TorchRunner(source.network, SIZE, "cpu")(pictures)
    np.testing.assert_allclose(got[0], wanted[0], atol=0.01)
    np.testing.assert_allclose(got[1], wanted[1], atol=1e-5)


def test_a_file_that_computes_something_else_is_refused(run: Path, tmp_path: Path) -> None:
    other = open_source(str(write_weights(tmp_path / "other.safetensors", seed=1)))
    write_onnx(other.network, tmp_path / "model.onnx")
    with pytest.raises(DetectorError, match=r"model.onnx does not compute what torch does: boxes"):
        compare(open_source(str(run)), tmp_path / "model.onnx", SIZE, ())


def test_a_file_that_gives_no_numbers_is_refused(run: Path, tmp_path: Path) -> None:
    source = open_source(str(run))
    with torch.no_grad():
        source.network.boxes[0].weight.fill_(float("nan"))  # type: ignore[operator]
    write_onnx(source.network, tmp_path / "model.onnx")
    with pytest.raises(DetectorError, match="does not compute"):
        compare(source, tmp_path / "model.onnx", SIZE, ())


def test_the_next_export_keeps_what_people_wrote(run: Path, tmp_path: Path) -> None:
    source = open_source(str(run))
    export(source, tmp_path, SIZE, openvino=True)
    card = tmp_path / "card.yaml"
    written = {
        "score": 0.45,
        "licence": "Apache-2.0",
        "trained_on": [{"name": "roads", "licence": "CC BY 4.0", "images": 3}],
        "accuracy": [{"data": "roads", "AP50": 91.5}],
    }
    card.write_text(yaml.safe_dump({**yaml.safe_load(card.read_text()), **written}))
    export(source, tmp_path, (64, 32), openvino=False)
    read = load_card(card)
    assert isinstance(read, ModelCard)
    assert (read.score, read.licence, read.trained_on[0].images) == (0.45, "Apache-2.0", 3)
    assert read.accuracy == ({"data": "roads", "AP50": 91.5},)
    assert (read.input_size, read.cpu) == ((64, 32), "model.onnx")
    assert set(read.files) == {"model.safetensors", "model.onnx"}, (
        "model.xml is of the export before"
    )
    assert not (tmp_path / "model.xml").exists()


def test_an_export_of_a_folder_begins_with_its_card(tmp_path: Path) -> None:
    folder, out = write_model(tmp_path), tmp_path / "other"
    card = yaml.safe_load((folder / "card.yaml").read_text())
    written = {"score": 0.45, "class_scores": {"car": 0.2}, "licence": "Apache-2.0"}
    (folder / "card.yaml").write_text(yaml.safe_dump({**card, **written}))
    for name in (folder, folder / "model.safetensors"):
        export(open_source(str(name)), out, SIZE, openvino=False)
        read = yaml.safe_load((out / "card.yaml").read_text())
        assert {key: read[key] for key in written} == written
        (out / "card.yaml").unlink()


def test_a_folder_can_be_exported_into_itself(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    before = (folder / "model.safetensors").read_bytes()
    export(open_source(str(folder)), folder, SIZE, openvino=False)
    assert (folder / "model.safetensors").read_bytes() == before
    assert isinstance(load_card(folder / "card.yaml"), ModelCard)


def test_the_network_is_found_by_file_folder_or_card(run: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    for path in (run, run / "best.safetensors", folder, folder / "card.yaml"):
        source = open_source(str(path))
        assert source.network.spec.outputs == OUTPUTS
        assert source.size == SIZE
    for name in ("motion", "yolox-nano", str(tmp_path / "none")):
        with pytest.raises(
            DetectorError, match=f"no model of ours '{name}': wanted a run's folder"
        ):
            open_source(name)


def test_a_folder_that_cannot_be_written_is_told(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file"):
        export(open_source(str(run)), tmp_path / "file" / "model", SIZE, openvino=False)


def test_openvino_in_its_fastest_format_finds_the_same(run: Path, tmp_path: Path) -> None:
    """16-bit floats where the processor has them: what `track` runs."""
    source = open_source(str(run))
    write_onnx(source.network, tmp_path / "model.onnx")
    pictures = lay([textured_scene()], SIZE)
    _, exact = TorchRunner(source.network, SIZE, "cpu")(pictures)
    _, fast = OpenVinoRunner(tmp_path / "model.onnx", SIZE, threads=1)(pictures)
    assert np.abs(fast - exact).max() < 0.1
    assert exporting.MOST_SCORE < 0.1
