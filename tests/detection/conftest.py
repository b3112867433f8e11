from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Compiled networks and torchvision's weights are kept apart from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("LOCALAPPDATA", str(folder))
        patch.delenv("TORCH_HOME", raising=False)
        yield folder


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random weights of the two smallest torchvision detectors, by model name."""
    import torch
    from torchvision.models import get_model

    torch.manual_seed(0)
    folder, made = tmp_path_factory.mktemp("weights"), {}
    for name in ("ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"):
        made[name] = folder / f"{name}.pth"
        model = get_model(name, weights=None, weights_backbone=None, num_classes=91)
        state = model.state_dict()
        for key, value in state.items():
            if key.endswith("bias") and len(value) % 91 == 0:
                value.view(-1, 91)[:, [1, 3, 8]] += 4.0  # persons, cars and trucks everywhere
        torch.save(state, made[name])
    return made
