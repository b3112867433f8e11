"""Renders sample clips of road traffic with exact truth. Only `blender/` needs Blender."""
