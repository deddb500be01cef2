"""Checks that includes point only towards lower layers, and a few habits that keep the tree readable.

The order is docs/architecture.md's; a folder may include itself and folders with a lower number. Exit status 1 and one
line a finding: `file:line: what, and what to do`.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEVEL = {
    "base": 0, "proto": 0,
    "schema": 1, "simd": 1, "runtime": 1,
    "store": 2, "expr": 2,
    "io": 3, "encoding": 3,
    "file": 4, "table": 5, "index": 6, "scan": 7, "dataset": 8, "catalog": 9,
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"lance/([a-z_]+)/([^"]+)"')
# Borders sit above everything and use what the dataset layer offers.
BORDERS = ("bindings", "cli", "integrations", "examples", "tests", "bench")
MAX_LINES = 600


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    return [ROOT / line for line in out.stdout.splitlines()]


def layer_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[:2] == ("src", "lance") and len(parts) > 3:
        return parts[2]
    return None


def check_includes(path, findings):
    layer = layer_of(path)
    public = path.relative_to(ROOT).parts[0] == "include"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        other = match.group(1)
        where = f"{path.relative_to(ROOT)}:{number}"
        if public:
            findings.append(f"{where}: a public header includes the internal lance/{other}: forward-declare instead")
        elif layer is not None:
            if other not in LEVEL:
                findings.append(f"{where}: unknown layer {other}: give it a level in tools/lint_layers.py")
            elif other != layer and LEVEL[other] >= LEVEL[layer] and not (layer == "expr" and other in ("simd",)):
                findings.append(
                    f"{where}: {layer} (level {LEVEL[layer]}) includes {other} (level {LEVEL[other]}): let the lower"
                    " layer own an interface and the higher one implement it")
        elif path.relative_to(ROOT).parts[0] == "examples":
            findings.append(f"{where}: an example uses an internal header: examples show the public API")


def check_text(path, findings):
    text = path.read_text(encoding="utf-8", errors="replace")
    name = path.relative_to(ROOT)
    if re.search(r"(^|[\s\"'=(])/(work|root|farm)/", text, re.M) and name.name != "lint_layers.py":
        findings.append(f"{name}: names a path of one machine")
    if path.suffix in (".cc", ".h", ".py"):
        lines = text.count("\n")
        if lines > MAX_LINES:
            findings.append(f"{name}: {lines} lines, {MAX_LINES} is the limit: two concepts in one file?")


def check_oracle(path, findings):
    top = path.relative_to(ROOT).parts[0]
    if top in ("tests", "bench", "testdata", "tools", "docs"):
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if re.match(r"\s*(import lance\b(?!_cpp)|from lance[ .](?!_cpp))", line):
            findings.append(f"{path.relative_to(ROOT)}:{number}: imports the oracle, which only tests and benchmarks may")


def main():
    findings = []
    for path in tracked():
        if not path.is_file():
            continue
        if path.suffix in (".h", ".cc"):
            check_includes(path, findings)
        if path.suffix in (".h", ".cc", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".toml", ".proto"):
            check_text(path, findings)
        if path.suffix == ".py":
            check_oracle(path, findings)
    for finding in findings:
        print(finding)
    print(f"layers: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
