from __future__ import annotations

from pathlib import Path

import pytest

from acme_tracker.config import VisualTrackerSettings
from acme_tracker.errors import ConfigError
from acme_tracker.tracking.visual.registry import open_visual_tracker, visual_tracker_names


def test_the_default_of_the_settings_is_a_known_name() -> None:
    assert VisualTrackerSettings().name in visual_tracker_names()


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="'opencv-kfc'; did you mean 'opencv-kcf'"):
        open_visual_tracker(VisualTrackerSettings(name="opencv-kfc"))


def test_vit_without_weights_says_which_setting_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"visual_tracker\.weights"):
        open_visual_tracker(VisualTrackerSettings(name="opencv-vit"))


def test_vit_with_weights_that_are_not_there_or_no_network_says_which_file(tmp_path: Path) -> None:
    path = tmp_path / "vit.onnx"
    for content in (None, b"no network"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"vit\.onnx"):
            open_visual_tracker(VisualTrackerSettings(name="opencv-vit", weights=path))
