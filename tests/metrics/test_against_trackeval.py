"""Our figures are TrackEval's, on every recipe; `record_trackeval.py` made the fixtures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acme_tracker.metrics.scores import score_class, score_tracks, total
from tests.metrics import recipes

RECORDED: dict[str, Any] = json.loads(recipes.FIGURES.read_text(encoding="utf-8"))


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not equal: counts exactly, percentages to a millionth of a point."""
    names = theirs.keys() - {"by_class"}
    return {n: (ours[n], theirs[n]) for n in names if abs(ours[n] - theirs[n]) > 1e-6}


def check(recipe: str, group: str, truths: dict[str, Any], ignore_above_px: float | None) -> None:
    recorded = RECORDED[group][recipe]
    assert recorded.keys() == truths.keys() | {"total"}
    scores = {}
    for name, truth in truths.items():
        result = recipes.make(recipe, truth)
        scores[name] = score_tracks(truth, result, ignore_above_px)
        assert differences(scores[name].figures(), recorded[name]) == {}, name
        for class_id, theirs in recorded[name].get("by_class", {}).items():
            one = [int(class_id)]
            ours = score_class(truth, result, one, one, ignore_above_px).figures()
            assert differences(ours, theirs) == {}, (name, class_id)
    assert differences(total(list(scores.values())).figures(), recorded["total"]) == {}


@pytest.mark.parametrize("ignore_above_px", [None, 200.0])
@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_made_up_traffic_scores_as_trackeval_says(
    recipe: str, ignore_above_px: float | None
) -> None:
    group = "synthetic" if ignore_above_px is None else "synthetic above 200"
    truths = {f"seed {seed}": recipes.crossing_traffic(seed) for seed in range(3)}
    check(recipe, group, truths, ignore_above_px)


@pytest.mark.skipif(not recipes.SHARED_TRACKING.is_dir(), reason="../shared/data is not there")
@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_real_sequences_score_as_trackeval_says(recipe: str) -> None:
    names = RECORDED["shared"][recipe].keys() - {"total"}
    truths = {name: recipes.read_shared_truth(name) for name in sorted(names)}
    check(recipe, "shared", truths, recipes.SHARED_IGNORE_ABOVE_PX)


def test_the_recipes_go_wrong_in_every_way_that_is_counted() -> None:
    """Agreement on figures that are always zero would say nothing."""
    seen = [figures for recipe in RECORDED["synthetic"].values() for figures in recipe.values()]
    for name in ("IDSW", "Frag", "FP", "FN", "MT", "PT", "ML"):
        assert len({figures[name] for figures in seen}) > 3, name
