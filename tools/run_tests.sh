#!/usr/bin/env bash
# Every test, after ./run build: lint, unit, Python, interop, CLI, then the sanitizer build with fuzz smoke runs.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
export PATH=$PWD/.venv/bin:$PATH
jobs=$(nproc)

say "layers and format"
python tools/lint_layers.py
bash tools/check_format.sh
say "size"
bash tools/check_size.sh build/release/lib/liblance.so
say "unit tests"
ctest --test-dir build/release --output-on-failure -L unit -j "$jobs"
say "Python, interop, CLI and SQL tests"
python -c 'import lance_cpp, lance; print("lance_cpp", lance_cpp.__version__, "beside pylance", lance.__version__)'
timeout 2400 python -m pytest -q tests
say "ASan + UBSan: unit tests and fuzz smoke"
cmake --preset asan >/dev/null
cmake --build --preset asan -- --quiet
# Arrow and Python keep some memory on purpose; leaks are looked for in our own tests only.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
ctest --test-dir build/asan --output-on-failure -j "$jobs"
