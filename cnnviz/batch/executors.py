"""Where figures are made: in this process, in others of this machine, or on a cluster; all behind one method."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cnnviz.errors import CnnvizError, UsageError

if TYPE_CHECKING:
    from multiprocessing.synchronize import Semaphore

Item = TypeVar("Item")
Result = TypeVar("Result")
Future = TypeVar("Future")
_AHEAD = 2


class Executor(Protocol):
    """Makes things of items, wherever that is."""

    elsewhere: bool
    """Whether that may be another machine, which has none of this one's files."""

    def run(
        self, make: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item, str], Result]
    ) -> Iterator[Result]:
        """What `make` gives for each item, as it comes, or `lost` where it never will; raises CnnvizError."""


class Here:
    """This process."""

    elsewhere = False

    def run(
        self, make: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item, str], Result]
    ) -> Iterator[Result]:
        """One after the other."""
        import_all()
        return (tidily(make, item) for item in items)


class Pool:
    """Processes of this machine."""

    elsewhere = False

    def __init__(self, count: int) -> None:
        self._count = count

    def run(
        self, make: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item, str], Result]
    ) -> Iterator[Result]:
        """As they come; one that dies ends the run, and after Ctrl-C comes what is done by then."""
        import multiprocessing
        from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor

        from cnnviz.files import uninterrupted

        # Copies of this process have imported what this one has; where the system cannot copy, they import once.
        import_all()
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
        stop, pending = context.Semaphore(0), set[Future[Result]]()

        def submit(item: Item) -> Future[Result]:
            future = pool.submit(tidily, make, item)
            pending.add(future)
            return future

        with ProcessPoolExecutor(self._count, context, initializer=_begin, initargs=(stop,)) as pool:
            try:
                with uninterrupted():
                    # The first thing to do starts the processes; Ctrl-C halfway would leave some that nobody ends.
                    pool.submit(int)
                for future, _ in in_turn(submit, _first, items, _AHEAD * self._count):
                    pending.discard(future)
                    yield future.result()
            except BrokenExecutor:
                raise CnnvizError("a process that renders died, perhaps for want of memory: try --jobs 1") from None
            except BaseException as error:
                try:
                    if isinstance(error, KeyboardInterrupt):
                        yield from (future.result() for future in pending if future.done() and not future.exception())
                finally:
                    # What they are at may take long. Their end is waited for: what they still write would outlive the
                    # folder that is cleared away behind them.
                    for _ in range(self._count):
                        stop.release()
                    pool.shutdown(wait=True, cancel_futures=True)
                raise


def _first(futures: Collection[Any]) -> Collection[Any]:
    from concurrent.futures import FIRST_COMPLETED, wait

    return wait(futures, return_when=FIRST_COMPLETED).done


def in_turn(
    submit: Callable[[Item], Future], first: Callable[[Collection[Future]], Collection[Future]],
    items: Iterable[Item], ahead: int,
) -> Iterator[tuple[Future, Item]]:  # fmt: skip
    """Futures as they are done, never more than `ahead` of them under way: thousands would only take memory."""
    rest = iter(items)
    pending = {submit(item): item for item in islice(rest, ahead)}
    while pending:
        for future in first(pending):
            item = pending.pop(future)
            pending |= {submit(other): other for other in islice(rest, 1)}
            yield future, item


def local(jobs: int, count: int) -> Executor:
    """This process, or as many as `jobs` and the number of items allow."""
    return Here() if jobs == 1 or count < 2 else Pool(min(jobs, count))


def run_all(make: Callable[[Item], Result], work: Collection[Item], jobs: int) -> Iterator[Result]:
    """What `make` gives for each item, as it comes, from `jobs` processes; raises CnnvizError where one dies."""
    if work:
        yield from local(jobs, len(work)).run(make, work, _never)


def _never(_item: Any, reason: str) -> Any:
    raise CnnvizError(reason)


def job_count(jobs: Any) -> int:
    """How many processes `--jobs` asks for, or one a core; raises UsageError."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs is None:
        return cores
    try:
        count = int(jobs)
    except ValueError:
        count = 0
    if not 1 <= count <= 256:
        raise UsageError(f"--jobs {jobs!r} does not do: use 1 to 256")
    return count


def import_all() -> None:
    """Import what every figure needs, once."""
    for module in ("cnnviz.render.frames", "cnnviz.render.panels.grid", "cnnviz.export.gif"):
        import_module(module)


def tidily(make: Callable[[Item], Result], item: Item) -> Result:
    """Make a thing, then clear away what it leaves, at a cost that does not grow with what was there before."""
    # What is imported, or kept for the next figures such as set lines, is a hundred thousand things: the collector
    # need not look at them after every figure. For no longer than that: they are someone's to throw away later.
    gc.freeze()
    try:
        made = make(item)
        # A film's painters refer to one another: without this, memory grows by a palette a figure until Python looks.
        gc.collect()
    finally:
        gc.unfreeze()
    return made


def _begin(stop: Semaphore) -> None:
    """What a process does before its first figure."""
    import signal
    import threading

    # Ctrl-C reaches the whole group; the parent alone answers it, once, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_end_when_told, args=[stop], daemon=True).start()
    import_all()


def _end_when_told(stop: Semaphore) -> None:
    stop.acquire()
    os._exit(1)


def _end_with_parent() -> None:
    """End this process when its parent is gone: killed, it could not say so, and this one would wait for ever."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    if (parent := parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)
