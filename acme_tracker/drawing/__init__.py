"""What a run knows, drawn onto its frames."""

from acme_tracker.drawing.annotator import Annotator

__all__ = ["Annotator"]
