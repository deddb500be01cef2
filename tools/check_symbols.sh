#!/usr/bin/env bash
# Fails when the library exports more than it promises: check_symbols.sh LIBRARY
# Promised are the names of namespace lance that the public headers mark with LANCE_EXPORT. Weak symbols of the
# standard library and of Arrow are instantiations that a linker may merge; all others must stay inside.
set -euo pipefail
library=$1
headers=$(dirname "$0")/../include/lance
promised=$(grep -hA2 LANCE_EXPORT "$headers"/*.h | grep -oE '\b[A-Z][A-Za-z]+( final)?( \{| :|\()' | grep -oE '^[A-Za-z]+' | sort -u | paste -sd'|')
extra=$(nm -DC --defined-only "$library" | sed -E 's/^[0-9a-f]+ //' |
  grep -vE "^[A-Za-z] (typeinfo (name )?for |vtable for |construction vtable for |non-virtual thunk to )?lance::($promised)(\[abi:[a-z0-9]+\])?(\(|::|$)" |
  grep -E '^[TDBRG] |^[VWu] .*\b(lance|google|fmt|roaring|hwy|re2|lz4|ZSTD)' |
  grep -vE '^[VWu] .*(std::|__gnu_cxx::|arrow::)' || true)
if [ -n "$extra" ]; then
  printf 'symbols exported by %s that no public header promises:\n%s\n' "$library" "$extra"
  exit 1
fi
echo "exported symbols: only what the public headers promise"
