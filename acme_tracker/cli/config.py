"""`acme-tracker config show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from acme_tracker.config import Settings, TrackSettings, parse_assignments

app = typer.Typer(help="Show the settings.", no_args_is_help=True)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings that differ from the defaults."),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="One setting, such as lifecycle.lost_s=3. Repeatable."
    ),
]


@app.callback()
def config() -> None:
    """Show the settings."""


@app.command()
def show(
    config: ConfigFile = None,
    set_: Assignments = None,
    train: Annotated[bool, typer.Option("--train", help="Those of `train`, not `track`.")] = False,
) -> None:
    """Print the effective configuration, as a file that --config takes."""
    settings = _settings_class(train).load(config, parse_assignments(set_ or ()))
    print(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False), end="")


def _settings_class(train: bool) -> type[Settings]:
    if not train:
        return TrackSettings
    from acme_tracker.training.settings import TrainSettings  # loads torch

    return TrainSettings
