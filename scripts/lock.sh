#!/usr/bin/env bash
# Write requirements/run.lock and test.lock. The resolver lives in a throwaway environment: nobody else needs it.
set -euo pipefail
tool=$(mktemp -d)
trap 'rm -rf "$tool"' EXIT
"${1:-python3}" -m venv "$tool"
"$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv

compile() {
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-annotate "$@"
}
# setuptools is in the lock because the project itself is installed without build isolation.
compile setup.cfg requirements/build.in -o requirements/run.lock
compile setup.cfg requirements/build.in --extra test -c requirements/run.lock -o requirements/test.lock
