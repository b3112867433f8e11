#!/bin/sh
# Style, types and tests: everything that must pass before a commit.
set -eu
cd "$(dirname "$0")/.."
ruff check .
ruff format --check .
mypy
# Training has a process of its own, as it has in use: after hundreds of tests of OpenVINO, dlib and
# OpenCV in one process, training in it ended in a segmentation fault.
pytest --ignore=tests/training "$@"
pytest tests/training "$@"
