"""A Dask cluster that is already running: its workers make the figures, this process writes them."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from cnnviz.batch.executors import completed
from cnnviz.batch.making import Outcome, Task, code_here, make_figure
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.installation import install_hint
from cnnviz.parameters import quote

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from distributed import Client

_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([1-9][0-9]{0,4})")
_TIMEOUT = 8.0


def check_address(address: str) -> None:
    """Raises UsageError for a malformed address, CnnvizError where Dask is not installed."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[3]) > 65535:
        raise UsageError(f"--scheduler {quote(address)} is not an address: give one such as tcp://127.0.0.1:8786")
    if find_spec("distributed") is None:
        hint = install_hint("cnnviz[cluster]")
        raise CnnvizError(f"--scheduler needs Dask's distributed, which is not installed: {hint}")


@contextmanager
def silence() -> Iterator[None]:
    """Dask's log and warnings off: of lost workers and connections the one line tells that is raised."""
    # Dask gives many of its loggers a level of their own; of large tasks, such as input files, it warns.
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(dask|distributed)\b")
        warnings.filterwarnings("ignore", message="Sending large graph")
        for logger in levels:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in levels.items():
                logger.setLevel(level)


def make_on_cluster(address: str, tasks: Iterable[Task]) -> Iterator[Outcome]:
    """The outcomes as they complete; Dask gives what a dying worker held to another one. Raises CnnvizError."""
    with _connected(address) as client:
        from distributed import KilledWorker

        _check_code(client, address)
        executor = cast("Executor", client.get_executor(pure=False))

        def made(tasks: Iterable[Task], ahead: int) -> Iterator[tuple[Task, Future[Outcome]]]:
            return completed(executor, make_figure, tasks, ahead, lambda: _check_workers(client, address))

        suspects = []
        for task, future in made(tasks, sum(client.nthreads().values())):
            try:
                outcome = future.result()
            except KilledWorker:
                suspects.append(task)
            else:
                yield outcome
        # Dask blames all that a dying worker held: alone, a figure shows whether it was the cause.
        for task, future in made(suspects, 1):
            try:
                outcome = future.result()
            except KilledWorker:
                outcome = Outcome(task.entry, error="its workers died, perhaps for lack of memory: try fewer of them")
            yield outcome


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        with silence():
            try:
                client = Client(address, timeout=_TIMEOUT, set_as_default=False)
            except (OSError, ValueError, RuntimeError):
                start = "start one with `dask scheduler`"
                raise CnnvizError(f"no Dask scheduler answers at {address}: {start}") from None
            with client:
                yield client
    except CnnvizError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__} {' '.join(str(error).split())}".strip()[:200]
        raise CnnvizError(f"the cluster at {address} failed: {reason}") from None


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_TIMEOUT)
    except TimeoutError:
        start = f"start one with `dask worker {address}`"
        raise CnnvizError(f"the scheduler at {address} has no workers: {start}") from None


def _check_code(client: Client, address: str) -> None:
    """Raises CnnvizError unless there are workers, all with this machine's cnnviz and libraries."""
    _check_workers(client, address)
    for worker, code in client.run(code_here, on_error="return").items():
        if isinstance(code, ImportError | AttributeError):
            raise CnnvizError(f"worker {worker} lacks cnnviz: install there the version that is here")
        if code != code_here():
            same = "install the same releases there"
            raise CnnvizError(f"worker {worker} has another cnnviz or other libraries than this machine: {same}")
