"""The trials by one command: run.py [--long] [crash|writers|histories|memory ...] prints what each of them did.

Short forms take seconds and are what the tests run; long ones are 200 kills, 5 minutes of writers, 2,000 steps of histories
and a table of 4 GB.
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import conftest  # noqa: E402,F401  (finds the packages)

sys.path.insert(0, str(HERE))


def say(text):
    print(text, flush=True)


def run_crash(folder, arguments):
    import crash

    counts = crash.run(folder, arguments.kills or (200 if arguments.long else 6), arguments.seed, say)
    for name, count in sorted(counts.items()):
        say(f"  {name:40} {count:7}")


def run_writers(folder, arguments):
    import writers

    seconds = arguments.seconds or (300 if arguments.long else 8)
    for stable in (False, True):
        rows, versions, looks, stats = writers.run(folder, seconds / 2, stable, arguments.seed,
                                                   ("lance_cpp", "lance") if arguments.long else ())
        say(f"  stable row ids {stable}: {rows} rows and {versions} versions after {seconds / 2:.0f} s, read {looks} times")
        for (module, role), counts in sorted(stats.items()):
            text = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            say(f"    {module:10} {role:10} {text}")


def run_histories(folder, arguments):
    import collections

    import histories

    counts, steps = collections.Counter(), 40 if arguments.long else 12
    for number in range(arguments.histories or (20 if arguments.long else 1)):
        for kind in histories.KINDS:
            uri = f"{folder}/{kind}-{number}"
            histories.run(f"{arguments.seed}-{number}", uri, kind, steps, counts)
            shutil.rmtree(uri)
        if arguments.long and number % 5 == 4:
            say(f"  {number + 1} histories of each kind")
    moves = sorted({move for move, _ in counts})
    say(f"  {len(histories.KINDS) * (number + 1) * (steps + 1)} steps; operations by us and by pylance:")
    for move in moves:
        say(f"    {move:24} {counts[(move, 'lance_cpp')]:6} {counts[(move, 'lance')]:6}")
    totals = [sum(count for (_, module), count in counts.items() if module == name) for name in ("lance_cpp", "lance")]
    say(f"    {'all':24} {totals[0]:6} {totals[1]:6}")


def run_memory(folder, arguments):
    import memory

    size = int((arguments.gigabytes or (4 if arguments.long else 0.4)) * (1 << 30))
    memory.run(folder, size, (512 if arguments.long else 256) << 20, say)


TRIALS = {"crash": run_crash, "writers": run_writers, "histories": run_histories, "memory": run_memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", nargs="*", choices=[[], *TRIALS], default=list(TRIALS))
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--histories", type=int)
    parser.add_argument("--gigabytes", type=float)
    arguments = parser.parse_args()
    for name in arguments.trials or TRIALS:
        folder = tempfile.mkdtemp(prefix=f"lance-{name}-")
        say(f"{name}, seed {arguments.seed}, in {folder}")
        start = time.monotonic()
        TRIALS[name](folder, arguments)
        say(f"  all well after {time.monotonic() - start:.0f} s")
        shutil.rmtree(folder)  # kept when something is wrong


if __name__ == "__main__":
    main()
