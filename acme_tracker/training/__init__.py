"""Teaches our detector from labelled images."""
