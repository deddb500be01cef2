"""One engine in one process: answers cases on a pipe with time, processor time, page faults, memory and I/O of each run."""

import gc
import os
import resource
import time


def memory_high():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def reset_memory_high():
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
    return memory_high()


def io_counts():
    with open("/proc/self/io") as file:
        values = dict(line.split(": ") for line in file.read().splitlines())
    return int(values["syscr"]), int(values["rchar"])


def cpu_and_faults():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_minflt


def serve(engine_name, pipe, cores):
    os.sched_setaffinity(0, cores)
    os.environ.setdefault("LANCE_LOG", "error")
    # What every engine's results need is no engine's own memory.
    import pyarrow.compute  # noqa: F401
    import pyarrow.dataset  # noqa: F401

    from cases import ENGINES

    engine = None
    while True:
        request = pipe.recv()
        if request is None:
            return
        method, paths, args, options = request
        try:
            engine = engine or ENGINES[engine_name]()
            before = getattr(engine, "before_" + method, None)
            if before is not None:
                before(paths, *args, **options)
            gc.collect()
            idle = reset_memory_high()
            calls, read = io_counts()
            cpu, faults = cpu_and_faults()
            start = time.perf_counter()
            result = getattr(engine, method)(paths, *args, **options)
            seconds = time.perf_counter() - start
            cpu2, faults2 = cpu_and_faults()
            calls2, read2 = io_counts()
            pipe.send({"seconds": seconds, "result": result, "cpu": cpu2 - cpu, "faults": faults2 - faults,
                       "memory": max(0, memory_high() - idle), "requests": calls2 - calls - 1, "bytes": read2 - read})
        except BaseException as error:
            pipe.send({"error": f"{type(error).__name__}: {error}".splitlines()[0][:120]})
