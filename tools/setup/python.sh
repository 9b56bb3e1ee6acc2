#!/bin/sh
# Prints the path of a Python >= 3.11, installing the distribution's where there is none.
set -eu

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        path=$(command -v "$name") || continue
        if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

if find_python; then exit 0; fi
sudo=
if [ "$(id -u)" != 0 ]; then sudo=sudo; fi
echo "skerry setup: installing python3 and python3-venv (packages of the distribution)" >&2
$sudo apt-get update -q >&2 || true
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q --yes --no-install-recommends python3 python3-venv >&2 || true
if find_python; then exit 0; fi
echo "skerry setup: cannot go on: skerry needs Python 3.11 or later, and this distribution has none to install" >&2
exit 1
