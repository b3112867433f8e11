"""Frames in (files, streams, cameras, the screen) and pictures out (H.264 files, a window)."""
