#!/usr/bin/env bash
# The Python environment of the T3 study, in .cache/t3/env, and the model file.
#   bench/t3/setup.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-python3}
[ -x .cache/t3/env/bin/python ] || "$python" -m venv .cache/t3/env
.cache/t3/env/bin/pip install --quiet -r bench/t3/requirements.txt
[ -f fixtures/models/SmolLM2-135M-Instruct.Q4_1.gguf ] || node fixtures/models/fetch.mjs
