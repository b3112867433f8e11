from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from acme_tracker.errors import ConfigError
from acme_tracker.training.draws import EpochBatches
from acme_tracker.training.processes import ALONE, Processes, check_norms
from tests.training.scenes import tiny, write_data
from tests.training.together import train

Found = dict[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def together(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """What each of two processes says, started as torchrun starts them."""
    out = tmp_path_factory.mktemp("together")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    words = [sys.executable, "-m", "tests.training.together", str(data), str(out)]
    started = [
        subprocess.Popen(
            words,
            env={**os.environ, **place, "RANK": str(number), "LOCAL_RANK": str(number)},
            cwd=Path(__file__).parents[2],
        )
        for number in range(2)
    ]
    assert [process.wait(timeout=110) for process in started] == [0, 0]
    assert (out / "moving norms" / "best.safetensors").is_file()
    return [torch.load(out / f"{number}.pt") for number in range(2)]


def apart(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """How far apart two sets of tensors are, as a share of their length."""
    assert one.keys() == other.keys()
    a, b = (torch.cat([t.detach().flatten() for t in x.values()]) for x in (one, other))
    return float((a - b).norm() / b.norm())


def test_two_processes_take_the_steps_of_one_with_the_whole_batch(
    together: list[Found], data: Path, tmp_path: Path
) -> None:
    """But for batch norm, which on CPUs sees each process's share by itself: it stands still."""
    alone, joint = train(data, tmp_path, Processes(), "still norms"), together[0]["still norms"]
    assert not any(name.startswith("stem") for name in alone["gradients"]), "frozen at first"
    assert apart(joint["gradients"], alone["gradients"]) < 1e-4
    assert apart(joint["weights"], alone["weights"]) < 1e-2
    assert joint["rows"][0]["loss"] == pytest.approx(alone["rows"][0]["loss"], rel=1e-3)
    assert joint["rows"][1].keys() == alone["rows"][1].keys()


def test_both_have_the_same_weights_and_figures_whatever_their_norms_saw(
    together: list[Found],
) -> None:
    first, second = (found["moving norms"] for found in together)
    assert apart(first["weights"], second["weights"]) == 0
    assert repr(first["rows"]) == repr(second["rows"])


def test_processes_share_each_batch_evenly_and_draw_what_one_would() -> None:
    names = [f"{number}.jpg" for number in range(8)]
    whole = list(EpochBatches(names, tiny()))
    parts = [list(EpochBatches(names, tiny(), Processes(number, 2))) for number in range(2)]
    for batch, *shares in zip(whole, *parts, strict=True):
        assert sorted(draw.seed for draw in batch) == sorted(d.seed for s in shares for d in s)
        assert len(shares[0]) == len(shares[1]) == 2
    with pytest.raises(ConfigError, match="3 processes cannot share evenly"):
        EpochBatches(names, tiny(), Processes(0, 3))


@pytest.mark.parametrize(
    ("least", "batch", "processes", "device", "wanted"),
    [
        (1, 1, ALONE, "cpu", "take 2 pictures or more"),
        (1, 2, Processes(0, 2), "cpu", "take 4 pictures or more"),
        (1, 2, Processes(0, 2), "cuda", None),
        (1, 2, ALONE, "cpu", None),
        (2, 1, ALONE, "cpu", None),
    ],
)
def test_a_batch_norm_needs_two_values_in_every_process_where_each_has_its_own(
    least: int, batch: int, processes: Processes, device: str, wanted: str | None
) -> None:
    told = pytest.raises(ConfigError, match=wanted) if wanted else nullcontext()
    with told:
        check_norms(least, batch, processes, torch.device(device))
