"""What all figures drawn with matplotlib need."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text that matplotlib shows as it is: "$" begins no formula, "_" hides no legend entry."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
