"""What needs Blender."""
