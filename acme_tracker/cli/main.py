"""The command `acme-tracker`: its subcommands, and how errors and warnings reach the user."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from acme_tracker import __version__
from acme_tracker.cli import config, data, doctor, evaluate, export, label, models, track, train
from acme_tracker.cli.console import complain, silence_output
from acme_tracker.errors import AcmeTrackerError

USER_ERROR = 2

app = typer.Typer(
    name="acme-tracker",
    help="Detects and tracks road users in video.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("track")(track.track)
app.command("train")(train.train)
app.command("label")(label.label)
app.command("export")(export.export)
app.command("models")(models.models)
app.command("doctor")(doctor.doctor)
app.add_typer(config.app, name="config")
app.add_typer(data.app, name="data")
app.add_typer(evaluate.app, name="evaluate")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"acme-tracker {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say so.")
    ] = False,
) -> None:
    """Detects and tracks road users in video."""


def run() -> None:
    """Run the command line; errors that the user can act on become one line and exit code 2."""
    try:
        app()
    except AcmeTrackerError as error:
        complain("error", str(error))
        sys.exit(USER_ERROR)
    except BrokenPipeError:  # the reader of our output has gone, as in `acme-tracker models | head`
        silence_output()
        sys.exit(1)
