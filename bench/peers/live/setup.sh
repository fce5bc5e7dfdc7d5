#!/bin/sh
# Builds the peers' Python environment in bench/peers/live/.env (about 6 GB: torch brings its GPU libraries along).
set -eu
cd "$(dirname "$0")"
[ -x .env/bin/python ] || python3 -m venv .env
.env/bin/pip install --quiet --requirement requirements-base.txt
.env/bin/pip install --quiet --no-deps --requirement requirements.txt
.env/bin/python peers.py versions
