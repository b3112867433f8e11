#!/bin/sh
# Style, types and tests: everything that must pass before a commit.
set -eu
cd "$(dirname "$0")/.."
ruff check .
ruff format --check .
mypy
pytest "$@"
