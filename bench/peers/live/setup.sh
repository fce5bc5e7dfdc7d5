#!/bin/sh
# Builds the peers' Python environment in bench/peers/live/.env. Needs python3.11 or later, three minutes and 8 GB: torch from
# PyPI does not load without its GPU libraries.
set -eu
cd "$(dirname "$0")"
[ -x .env/bin/python ] || python3 -m venv .env
.env/bin/pip install --quiet --requirement requirements-base.txt
.env/bin/pip install --quiet --no-deps --requirement requirements.txt
.env/bin/python peers.py versions
