"""A Dask cluster that is already running: its workers make the figures, this process writes them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from cnnviz.batch.executors import completed
from cnnviz.batch.making import Outcome, Task, make_figure
from cnnviz.errors import CnnvizError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from distributed import Client

_TIMEOUT = 8.0


def make_on_cluster(address: str, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """The outcomes as they complete; what a lost worker held goes to another one. Raises CnnvizError."""
    with _connected(address) as client:
        executor = cast("Executor", client.get_executor(pure=False))
        for task, future in completed(executor, make_figure, tasks, sum(client.nthreads().values())):
            try:
                yield future.result()
            except Exception as error:
                why = "has it this cnnviz, and memory enough?"
                yield Outcome(task.entry, error=f"its worker failed, {type(error).__name__}: {why}")


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    from distributed import Client

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # One line tells of lost workers and connections.
        logging.disable()
        try:
            with Client(address, timeout=_TIMEOUT, set_as_default=False) as client:
                client.wait_for_workers(1, timeout=_TIMEOUT)
                yield client
        except (OSError, ValueError, RuntimeError) as error:
            hint = f"start `dask scheduler`, and `dask worker {address}`"
            raise CnnvizError(f"no workers answer at --scheduler {address}, {type(error).__name__}: {hint}") from None
        finally:
            logging.disable(logging.NOTSET)
