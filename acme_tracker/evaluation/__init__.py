"""Accuracy of detectors and of tracking runs on labelled data, as values, tables and pictures."""
