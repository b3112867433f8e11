"""Frames in (files, streams, cameras, the screen) and pictures out (H.264 files, a window)."""

# Before PyAV, whoever imports that: both bring an X11 library, and if PyAV's is loaded first every
# window of OpenCV hangs (github.com/PyAV-Org/PyAV/issues/978).
import cv2  # noqa: F401
