"""The tables and pictures of vectors.py."""

MARK = "## Vector search"
PEERS = ("FAISS", "hnswlib", "usearch")


def short(seconds):
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.1f} s"


def describe(setting):
    names = {"nprobes": "probes", "refine_factor": "refine", "ef": "ef"}
    return ", ".join(f"{names[k]} {v}" for k, v in setting.items() if v is not None and not (k == "nprobes" and v == 1))


def twin(name):
    """pylance's index of the same kind as ours."""
    return name.replace("lance_cpp", "pylance") if name.startswith("lance_cpp") else None


def ratio(theirs, ours):
    return f"{theirs / ours:.1f}x" if theirs and ours else "-"


def best_peer(out, value):
    found = [value(got) for name, got in out.items() if name.startswith(PEERS)]
    found = [v for v in found if v]
    return min(found) if found else None


def search_table(out, levels, choose):
    lines = ["| Index | " + " | ".join(f"recall {level:.2f}: p50 / p99" for level in levels) + " | pylance / ours | fastest peer / ours |",
             "|---|" + "---|" * (len(levels) + 2)]
    for name, got in out.items():
        if "points" not in got:
            continue
        cells, against, peers = [], [], []
        for level in levels:
            best = choose(got["points"], level)
            cells.append(f"{short(best['p50'])} / {short(best['p99'])} at {best['recall']:.3f} ({describe(best['setting'])})" if best else "not reached")
            theirs = choose(out.get(twin(name), {}).get("points", []), level) if twin(name) else None
            against.append(ratio(theirs["p50"], best["p50"]) if theirs and best else "-")
            peer = best_peer(out, lambda other: (choose(other.get("points", []), level) or {}).get("p50"))
            peers.append(ratio(peer, best["p50"]) if best and peer else "-")
        ours = twin(name) is not None
        lines.append(f"| {name} | {' | '.join(cells)} | {', '.join(against) if ours else '-'} | {', '.join(peers) if ours else '-'} |")
    return lines


def build_table(out):
    lines = ["| Index | build | processor time | peak memory | pylance's time / ours | single calls on all cores | batched calls |", "|---|---|---|---|---|---|---|"]
    for name, got in out.items():
        build, rates = got.get("build"), got.get("rates", {})
        if not build:
            lines.append(f"| {name} | {got.get('error', '-')} | - | - | - | - | - |")
            continue
        theirs = out.get(twin(name), {}).get("build") if twin(name) else None
        rate = [f"{rates[how]:,.0f} a second" if how in rates else "-" for how in ("threaded", "many")]
        lines.append(f"| {name} | {short(build['seconds'])} | {short(build['cpu'])} | {build['memory'] / 1e6:.0f} MB | "
                     f"{ratio(theirs['seconds'], build['seconds']) if theirs else '-'} | {' | '.join(rate)} |")
    return lines


def filter_table(out):
    named = [n for n, got in out.items() if got.get("filtered")]
    if not named:
        return []
    fractions = list(out[named[0]]["filtered"])
    lines = ["", "| Under a filter (`u < share`, prefilter) | " + " | ".join(f"{float(f):.1%} of the rows" for f in fractions) + " | pylance / ours |",
             "|---|" + "---|" * (len(fractions) + 1)]
    for name in named:
        cells, against = [], []
        for f in fractions:
            got = out[name]["filtered"].get(f)
            cells.append(f"{short(got['p50'])} at {got['recall']:.3f} ({describe(got['setting'])}); at least {got['least']} rows" if got else "-")
            theirs = out.get(twin(name), {}).get("filtered", {}).get(f) if twin(name) else None
            against.append(ratio(theirs["p50"], got["p50"]) if theirs and got else "-")
        lines.append(f"| {name} | {' | '.join(cells)} | {', '.join(against) if twin(name) else '-'} |")
    return lines


def cold_table(out):
    named = [n for n, got in out.items() if got.get("cold")]
    if not named:
        return []
    lines = ["", "| Cold: first query of an open data set, page cache dropped | time | read calls, bytes | read calls without refine | pylance / ours |", "|---|---|---|---|---|"]
    for name in named:
        cold = out[name]["cold"]
        theirs = out.get(twin(name), {}).get("cold") if twin(name) else None
        lines.append(f"| {name} | {short(cold['p50'])} | {cold['requests']}, {cold['bytes'] / 1e6:.1f} MB | {cold['before_refine']} | "
                     f"{ratio(theirs['p50'], cold['p50']) if theirs else '-'} |")
    return lines


def tables(done, levels, choose):
    lines = []
    for name, (shape, out) in done.items():
        lines += ["", f"### {name}: {shape.rows:,} x {shape.dim}, {shape.metric}, {shape.cells} cells", "",
                  "One query after the other on one core, settings that reach the recall:", "", *search_table(out, levels, choose),
                  "", "Building on all cores, and queries a second at recall 0.95:", "", *build_table(out), *filter_table(out), *cold_table(out)]
    return lines


def plot(name, out, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lance"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.5, 5.5))
    colours = plt.get_cmap("tab10")
    kinds = sorted({n.split(" ", 1)[1] for n in out if n.startswith(("lance_cpp", "pylance"))})
    others = [n for n in out if n.startswith(PEERS)]
    for engine, got in out.items():
        points = sorted((p["recall"], 1 / p["p50"]) for p in got.get("points", []) if "p50" in p)
        front, most = [], 0  # settings that no other beats in both
        for recall, rate in reversed(points):
            if rate > most:
                front.append((recall, rate))
                most = rate
        if not front:
            continue
        lance = engine.startswith(("lance_cpp", "pylance"))
        colour = colours(kinds.index(engine.split(" ", 1)[1])) if lance else colours(5 + others.index(engine) % 5)
        style = "-" if engine.startswith("lance_cpp") else "--" if lance else ":"
        axes.plot(*zip(*front), style, color=colour, marker="o", markersize=3, linewidth=2 if style == "-" else 1.3, label=engine)
    axes.set_yscale("log")
    axes.set_xlim(left=0.8, right=1.002)
    axes.set_xlabel("recall@10")
    axes.set_ylabel("queries a second, one core, one at a time")
    axes.set_title(name)
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=7, ncol=2)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write(path, lines, done, options):
    """Replaces the section on vector search, which is the last of the file, and the plots."""
    plots = path.parent / "plots"
    plots.mkdir(exist_ok=True)
    pictures = []
    for name, (_, out) in done.items():
        plot(name, out, plots / f"recall-{name}.svg")
        pictures.append(f"![Recall against queries a second, {name}](plots/recall-{name}.svg)")
    import faiss
    import lance
    text = path.read_text() if path.exists() else "# Performance\n"
    head = text.split(f"\n{MARK}\n")[0].rstrip()
    intro = [f"Made by `bench/vectors.py --scale {options.scale:g} --rounds {options.rounds}` on {options.cores} cores; pylance {lance.__version__}, FAISS {faiss.__version__}. k = 10, warm,",
             "each engine in a process of its own, settings interleaved in rounds; every index is searched by the engine that built it. Recall is the share of the exact 10 nearest.",
             "Ratios above 1 are in favour of lance_cpp. The vectors of FAISS, hnswlib and usearch lie in memory; those of Lance in data files."]
    path.write_text("\n".join([head, "", MARK, "", *intro, "", *pictures, *lines, ""]))
