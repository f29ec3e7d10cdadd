"""Run a function on many items at once, by an executor of `concurrent.futures`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from cnnviz.errors import CnnvizError

Item = TypeVar("Item")
Result = TypeVar("Result")
# A process that waits for its next figure draws nothing; more than one ahead only takes memory.
_AHEAD = 2


def run_all(function: Callable[[Item], Result], items: Collection[Item], jobs: int) -> Iterator[Result]:
    """The results as they complete, from `jobs` processes; raises CnnvizError where one dies."""
    if jobs < 2 or len(items) < 2:
        yield from map(function, items)
        return
    # Forked processes share what has been imported by now.
    import cnnviz.export.gif
    import cnnviz.render.frames  # noqa: F401

    with _process_pool(min(jobs, len(items))) as pool:
        for _, future in completed(pool, function, items, _AHEAD * jobs):
            yield future.result()


def completed(
    executor: Executor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[tuple[Item, Future[Result]]]:
    """Items and their futures as they complete, at most `ahead` of them submitted: thousands would fill the memory."""
    rest = iter(items)
    pending = {executor.submit(function, item): item for item in islice(rest, ahead)}
    while pending:
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            item = pending.pop(future)
            pending |= {executor.submit(function, other): other for other in islice(rest, 1)}
            yield item, future


@contextmanager
def _process_pool(count: int) -> Iterator[Executor]:
    """A pool whose processes are ended, whatever they are doing, if the block fails."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    before = multiprocessing.active_children()
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    pool = ProcessPoolExecutor(count, context, initializer=_start_worker)
    try:
        yield pool
    except BrokenExecutor:
        raise CnnvizError("a process that renders died, perhaps for lack of memory: try --jobs 1") from None
    except BaseException:
        for process in multiprocessing.active_children():
            if process not in before:
                process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    import signal
    import threading

    # Ctrl-C reaches the whole process group; the parent alone answers it and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """A parent that was killed cannot end its workers, and they would wait forever."""
    from multiprocessing import parent_process

    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def core_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
