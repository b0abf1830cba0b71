#!/usr/bin/env bash
# Make .venv with the given Python, or say what is missing.
set -euo pipefail
python=${1:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Huiying needs Python 3.11 or newer; '$python' is not. Try: make setup PYTHON=/path/to/python3.11" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "'$python' cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2
    exit 2
fi
"$python" -m venv .venv
