"""Downloads one source archive from the package index that pip is set up with, checked against a pinned SHA-256.

    fetch_sdist.py NAME VERSION SHA256 TARGET_FILE

`pip download` of a source archive builds its metadata first, which for a large C++ project takes minutes; this only
fetches the file. Re-run safe: a target with the right checksum is kept.
"""

import hashlib
import json
import os
import subprocess
import sys
import urllib.parse


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def index_url():
    from pip._internal.models.index import PyPI

    asked = os.environ.get("PIP_INDEX_URL")
    if asked:
        return asked
    got = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    return got.stdout.strip() or PyPI.simple_url


def main(name, version, checksum, target):
    if os.path.exists(target) and sha256(target) == checksum:
        return
    from pip._vendor import requests

    base = index_url().rstrip("/") + "/" + name + "/"
    session = requests.Session()
    page = session.get(base, headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5"}, timeout=60)
    page.raise_for_status()
    wanted = f"{name}-{version}.tar.gz"
    link = None
    if "json" in page.headers.get("Content-Type", ""):
        link = next((f["url"] for f in json.loads(page.text)["files"] if f["filename"] == wanted), None)
    else:
        import re

        for href in re.findall(r'href="([^"]+)"', page.text):
            if href.split("#")[0].endswith("/" + wanted):
                link = href.split("#")[0]
    if link is None:
        sys.exit(f"{wanted} is not in the package index")
    partial = target + ".part"
    with session.get(urllib.parse.urljoin(base, link), stream=True, timeout=120) as response:
        response.raise_for_status()
        with open(partial, "wb") as out:
            for block in response.iter_content(1 << 20):
                out.write(block)
    found = sha256(partial)
    if checksum != "-" and found != checksum:
        os.unlink(partial)
        sys.exit(f"{wanted}: checksum is {found}, {checksum} was expected: nothing was kept")
    os.replace(partial, target)
    print(f"{wanted} {found}")


if __name__ == "__main__":
    main(*sys.argv[1:])
