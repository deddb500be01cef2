#!/usr/bin/env bash
# Renews requirements.txt and requirements-bench.txt: every package pinned, every file by checksum.
set -euo pipefail
cd "$(dirname "$0")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install -q pip-tools
for name in requirements requirements-bench; do
  "$venv/bin/pip-compile" -q --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host \
    --no-emit-find-links --no-emit-options --no-header -c requirements.in -o "$name.txt" "$name.in"
done
