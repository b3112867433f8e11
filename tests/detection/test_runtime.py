from __future__ import annotations

import subprocess
import sys

import pytest

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
