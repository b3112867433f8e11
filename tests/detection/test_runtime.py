from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from acme_tracker.detection import runtime
from acme_tracker.detection.runtime import open_network
from acme_tracker.errors import DetectorError
from acme_tracker.resources import models_dir

LIFE = """
import os, signal
from acme_tracker.config import DetectorSettings
from acme_tracker.detection.registry import open_detector

heard = []
signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
detector = open_detector(DetectorSettings())
detector = open_detector(DetectorSettings())  # before the first one goes
os.kill(os.getpid(), signal.SIGUSR1)
del detector
os.kill(os.getpid(), signal.SIGUSR1)
print("heard", len(heard))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's signals")
def test_signals_are_heard_after_a_network_is_gone() -> None:
    done = subprocess.run([sys.executable, "-c", LIFE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "heard 2\n")


@pytest.mark.parametrize("name", ["net.onnx", "net.xml", "net.pt"])
def test_of_a_file_that_is_no_network_only_our_own_line_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    for path in (tmp_path / name, (tmp_path / name).with_suffix(".bin")):
        path.write_bytes(b"hello\n")
    with pytest.raises(DetectorError, match="is no ONNX or OpenVINO network"):
        open_network(tmp_path / name, "cpu", 1)
    assert capfd.readouterr() == ("", "")


def test_what_another_process_compiles_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(runtime, "_CACHE_PATIENCE_S", 0)
    network = models_dir() / "smaller-vgg" / "model-int8.xml"

    def kept() -> list[Path]:
        return list(tmp_path.rglob("*.blob"))

    open_network(network, "cpu", 1)
    (lock,), (blob,) = tmp_path.rglob("*.lock"), kept()
    assert lock.with_suffix("") == blob.parent
    blob.unlink()
    with FileLock(lock):  # as another process, which compiles it
        assert open_network(network, "cpu", 1).output_shapes
        assert not kept()
    open_network(network, "cpu", 1)
    assert kept() == [blob]
