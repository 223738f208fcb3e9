#!/bin/sh
# Creates the Python environment for programs in tests: the example tool worker, an independent mock of model
# providers, the CloudEvents project's SDK, and schemathesis. Does nothing if it exists. `make test` calls it, and so do
# tests that run without make.
#
#   scripts/test-python.sh [DIRECTORY]     .build/test-python by default
set -eu
cd "$(dirname "$0")/.."

directory=${1:-.build/test-python}
requirements=Tests/requirements.txt
installed="$directory/requirements.txt"

if cmp -s "$requirements" "$installed" && "$directory/bin/python" -c "import cloudevents.core, llmock, paho.mqtt.enums, schemathesis" 2>/dev/null; then
    exit 0
fi
if ! command -v python3 >/dev/null 2>&1; then
    echo "python3 is not installed; tests need it with venv and pip (Debian: python3-venv, or make install)" >&2
    exit 1
fi
if ! python3 -m venv --clear "$directory"; then
    echo "python3 -m venv failed: venv or pip is missing (Debian: python3-venv, or make install)" >&2
    exit 1
fi
if ! "$directory/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"; then
    echo "pip cannot install $requirements: tests need PyPI, or a mirror named in PIP_INDEX_URL" >&2
    exit 1
fi
cp "$requirements" "$installed"
