#!/usr/bin/env bash
# The T3 study from the corpora to bench/results/t3.json; every step that is done is skipped, an interrupted one resumes.
#   bench/t3/run.sh [PYTHON]      about 3 hours of one core; two arms train side by side
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-.cache/t3/env/bin/python}
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
# Activations come back to the same place each step; without this the C library returns them to the system.
export MALLOC_MMAP_THRESHOLD_=10000000000 MALLOC_TRIM_THRESHOLD_=10000000000

train() {
  for arm in "$@"; do
    [ -f ".cache/t3/students/$arm.json" ] || "$python" bench/t3/train.py "$arm"
  done
}
audit() {
  for arm in "$@"; do
    case $arm in
      h*) sets="served-$arm" ;;
      *) sets="served-h1 served-h2 served-h4" ;;
    esac
    # shellcheck disable=SC2086
    "$python" bench/t3/audit.py "$arm" human unmarked $sets held-out free
    node bench/t3/pack.mjs "$arm"
  done
}

if [ ! -d fixtures/corpora/smollm2-more ]; then
  node bench/t3/more.mjs "$python" h1 h2 h4
  node bench/t3/pack-corpus.mjs
fi
node bench/t3/corpus.mjs unmarked h1 h2 h4
node bench/t3/questions.mjs
(train h1 h2) &
train h4 unmarked
wait
audit untrained unmarked h1 h2 h4
node bench/t3/score.mjs
