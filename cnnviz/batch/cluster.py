"""A Dask cluster that is there already: its workers make the figures, this process writes them."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cnnviz.batch.executors import Item, Result, in_turn, tidily
from cnnviz.batch.making import code_here
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.parameters import quote

if TYPE_CHECKING:
    from distributed import Client

_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([1-9][0-9]{0,4})")
_ANSWER, _LOOK, _PATIENCE = 8.0, 5.0, 60.0
# A worker that waits for its next figure draws nothing; all that lies further ahead only takes memory.
_AHEAD = 3


def check_address(address: str) -> None:
    """Raises UsageError for what is no scheduler's address, CnnvizError where Dask is not installed."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[3]) > 65535:
        raise UsageError(f"--scheduler {quote(address)} is not an address: give one such as tcp://127.0.0.1:8786")
    if find_spec("distributed") is None:
        raise CnnvizError("--scheduler needs Dask's distributed, which is not installed: pip install 'cnnviz[cluster]'")


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


class Cluster:
    """The workers of a scheduler; those that come later are used, too, and those that die are not missed."""

    elsewhere = True

    def __init__(self, address: str) -> None:
        check_address(address)
        self._address = address

    def run(
        self, make: Callable[[Item], Result], items: Iterable[Item], lost: Callable[[Item, str], Result]
    ) -> Iterator[Result]:
        """As they come; what a dying worker had is made by another one, and what kills each of them is lost."""
        with ExitStack() as stack:
            client = stack.enter_context(self._client())
            threads = self._checked(client)

            def made(items: Iterable[Item], ahead: int) -> Iterator[tuple[Item, Any]]:
                for future, item in in_turn(submit, self._first(client), items, ahead):
                    yield item, self._result(future)

            def submit(item: Item) -> Any:
                return client.submit(tidily, make, item, pure=False)

            suspects = []
            for item, result in made(items, _AHEAD * threads):
                if result is _DIED:
                    suspects.append(item)
                else:
                    yield result
            # Dask blames whatever a worker held when it died: alone, it shows which figure it was.
            for suspect in suspects:
                for item, result in made([suspect], 1):
                    died = "its workers died, perhaps for want of memory: try fewer of them"
                    yield lost(item, died) if result is _DIED else result

    @contextmanager
    def _client(self) -> Iterator[Client]:
        from distributed import Client

        with silence():
            try:
                client = Client(self._address, timeout=_ANSWER, set_as_default=False)
            except (OSError, ValueError, RuntimeError):
                start = "start one with `dask scheduler`"
                raise CnnvizError(f"no Dask scheduler answers at {self._address}: {start}") from None
            try:
                yield client
            finally:
                client.close()

    def _checked(self, client: Client) -> int:
        """How many threads the workers have; raises CnnvizError where there are none, or their code is another."""
        try:
            client.wait_for_workers(1, timeout=_ANSWER)
        except TimeoutError:
            raise self._without_workers() from None
        for worker, code in client.run(code_here, on_error="return").items():
            if isinstance(code, ImportError | AttributeError):
                raise CnnvizError(f"worker {worker} lacks cnnviz: install there the version that is here")
            if code != code_here():
                same = "install the same releases there"
                raise CnnvizError(f"worker {worker} has another cnnviz or other libraries than this machine: {same}")
        threads = sum(client.nthreads().values())
        return max(1, int(threads))

    def _first(self, client: Client) -> Callable[[Collection[Any]], Collection[Any]]:
        """Wait until one future is done; raises CnnvizError where nobody is left who could."""
        from distributed import wait

        def first(futures: Collection[Any]) -> Collection[Any]:
            alone = 0.0
            while True:
                began = time.monotonic()
                try:
                    with client.as_current():
                        done: Collection[Any] = wait(list(futures), _LOOK, "FIRST_COMPLETED").done
                    return done
                except TimeoutError:
                    alone = 0.0 if client.nthreads() else alone + time.monotonic() - began
                    if alone > _PATIENCE:
                        raise self._without_workers() from None
                except Exception as error:
                    raise self._gone(error) from None

        return first

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            return _DIED
        except Exception as error:
            raise self._gone(error) from None

    def _without_workers(self) -> CnnvizError:
        return CnnvizError(f"the scheduler at {self._address} has no workers: start one with `dask worker "
                           f"{self._address}`")  # fmt: skip

    def _gone(self, error: Exception) -> CnnvizError:
        said = f"{type(error).__name__} {' '.join(str(error).split())}".strip()[:200]
        return CnnvizError(f"the cluster at {self._address} does not go on: {said}")


_DIED = object()
