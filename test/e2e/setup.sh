#!/bin/sh
# Makes .venv with the Python clients of the end-to-end tests at pinned versions. Python 3.13, whose TLS is the strictest, where it is found;
# else python3. Does nothing where the environment is up to date.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv="$here/../../.venv"
wanted="$here/requirements.txt"

find_python() {
  for candidate in "${E2E_PYTHON:-}" python3.13 "$HOME"/.pyenv/versions/3.13*/bin/python3 python3; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo 'no Python 3.10 or later with venv was found; set E2E_PYTHON' >&2
  exit 1
}

if [ -f "$venv/installed.txt" ] && cmp -s "$wanted" "$venv/installed.txt"; then exit 0; fi
python=$(find_python)
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
cp "$wanted" "$venv/installed.txt"
"$venv/bin/python" --version
