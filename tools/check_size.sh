#!/usr/bin/env bash
# Prints the stripped size of liblance and fails above the limit: check_size.sh LIBRARY [LIMIT_MB]
set -euo pipefail
library=$1
limit=${2:-10}
copy=$(mktemp)
trap 'rm -f "$copy"' EXIT
strip -o "$copy" "$(readlink -f "$library")"
bytes=$(stat -c %s "$copy")
awk -v b="$bytes" -v l="$limit" 'BEGIN { printf "liblance stripped: %.2f MB (limit %d MB)\n", b / 1e6, l; exit !(b <= l * 1e6) }'
