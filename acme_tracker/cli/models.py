"""`acme-tracker models`."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Column, Table

from acme_tracker.cli.console import output
from acme_tracker.detection.registry import list_detectors


def models() -> None:
    """List what can detect, and what each still needs to run here."""
    table = Table(Column("--detector", no_wrap=True), "kind", "classes", "here")
    for known in list_detectors():
        ready = f"[yellow]{escape(known.problem)}[/]" if known.problem else "[green]ready[/]"
        table.add_row(known.name, known.kind, ", ".join(known.classes), ready)
    output.print(table)
