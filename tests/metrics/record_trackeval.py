"""Record what TrackEval says of the recipes: the fixtures of test_against_trackeval.py.

TrackEval brings an OpenCV that overwrites ours, so it runs in an environment of its own, from the
root of the repository (the script that scores MOT files is handed in; it lies in ../shared):

    python -m venv /tmp/judge && /tmp/judge/bin/pip install trackeval scipy numpy
    /tmp/judge/bin/python -m tests.metrics.record_trackeval ../shared/tools/mot_score.py
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from acme_tracker.datatypes import TrackRows
from tests.metrics import recipes

HOTA_FIELDS = ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA")
RATIO_FIELDS = ("MOTA", "MOTP", "IDF1", "IDP", "IDR")
COUNT_FIELDS = ("IDSW", "Frag", "CLR_FP", "CLR_FN", "MT", "PT", "ML")


class Judge:
    """TrackEval's metrics, over MOT files as the given script reads them."""

    def __init__(self, script: Path) -> None:
        spec = importlib.util.spec_from_file_location("mot_score", script)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(script)
        self._script: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._script)
        metrics, config = importlib.import_module("trackeval.metrics"), {"PRINT_CONFIG": False}
        self._metrics = (metrics.HOTA(), metrics.CLEAR(config), metrics.Identity(config))

    def raw(
        self, truth: TrackRows, result: TrackRows, ignore_above: float | None
    ) -> tuple[dict[str, Any], ...]:
        """One result a metric."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, name) for name in ("gt.txt", "result.txt")]
            for path, table in zip(paths, (truth, result), strict=True):
                np.savetxt(path, recipes.mot_lines(table), "%.17g", ",")
            data = self._script.build(*paths, ignore_above)
        return tuple(metric.eval_sequence(data) for metric in self._metrics)

    def total(self, raw: dict[str, tuple[dict[str, Any], ...]]) -> tuple[dict[str, Any], ...]:
        return tuple(
            metric.combine_sequences({name: parts[i] for name, parts in raw.items()})
            for i, metric in enumerate(self._metrics)
        )


def figures(raw: tuple[dict[str, Any], ...]) -> dict[str, float | int]:
    merged = {**raw[0], **raw[1], **raw[2]}
    found: dict[str, float | int] = {
        name: round(100 * float(np.mean(merged[name])), 7) for name in HOTA_FIELDS + RATIO_FIELDS
    }
    return found | {name.removeprefix("CLR_"): int(merged[name]) for name in COUNT_FIELDS}


def of_class(table: TrackRows, class_id: int) -> TrackRows:
    return table[(table.class_id == class_id) | ~table.scored]


def record(judge: Judge, truths: dict[str, TrackRows], ignore_above: float | None) -> Any:
    found: dict[str, Any] = {}
    for recipe in recipes.RECIPES:
        raw = {}
        for name, truth in truths.items():
            raw[name] = judge.raw(truth, recipes.make(recipe, truth), ignore_above)
        found[recipe] = {name: figures(parts) for name, parts in raw.items()}
        found[recipe]["total"] = figures(judge.total(raw))
    for name, truth in truths.items():
        result = recipes.make("messy", truth)
        found["messy"][name]["by_class"] = {
            str(c): figures(
                judge.raw(of_class(truth, c), result[result.class_id == c], ignore_above)
            )
            for c in recipes.CLASSES
        }
    return found


def main(script: Path) -> None:
    judge = Judge(script)
    synthetic = {f"seed {seed}": recipes.crossing_traffic(seed) for seed in range(3)}
    names = sorted(path.name for path in recipes.SHARED_TRACKING.iterdir())
    shared = {name: recipes.read_shared_truth(name) for name in names}
    recorded = {
        "synthetic": record(judge, synthetic, None),
        "synthetic above 200": record(judge, synthetic, 200.0),
        "shared": record(judge, shared, recipes.SHARED_IGNORE_ABOVE_PX),
    }
    lines = [
        json.dumps(group)
        + ": {\n"
        + ",\n".join(f"{json.dumps(recipe)}: {json.dumps(of)}" for recipe, of in found.items())
        + "}"
        for group, found in recorded.items()
    ]  # a line a recipe, so that changes can be read
    recipes.FIGURES.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
