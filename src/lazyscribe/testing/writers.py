"""Many threads and processes at once, all started together."""

import os
import random
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

FAILED = 99
"""The exit code of a forked process whose work raised."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings of stores where a single writer is safe to themselves."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*single writer is safe.*")
        yield


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0)` … `work(count - 1)` at once; return what each returned or raised."""
    gate = threading.Barrier(count)
    answers: list[Any] = [None] * count

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = work(number)
        except BaseException as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def in_processes(count: int, work: Callable[[int], Any]) -> list[int]:
    """Run `work(0)` … `work(count - 1)` in forked processes at once; return their exit codes, as `forked` does.

    On systems without ``fork`` this fails.
    """
    gate, opener = os.pipe()

    def wait_and_work(number: int) -> None:
        os.close(opener)
        os.read(gate, 1)
        work(number)

    children = [_fork(partial(wait_and_work, number)) for number in range(count)]
    os.close(gate)
    os.close(opener)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def among_kills(
    count: int,
    work: Callable[[int], Any],
    kills: int,
    chance: random.Random,
    meanwhile: Callable[[], Any] = lambda: None,
) -> int:
    """Run `work(0)` … `work(count - 1)` in forked processes at once, and kill some of them at random moments.

    In the place of a killed one `work` begins anew with the same number: it must go on where that one was. Returns
    when all have returned.

    Parameters
    ----------
    kills
        How many processes are killed (SIGKILL), if the work takes that long.
    meanwhile
        Called in this process, again and again.

    Returns
    -------
    int
        How many were killed.

    Raises
    ------
    RuntimeError
        A process ended otherwise than by returning or by being killed.
    """
    running = {_fork(partial(work, number)): number for number in range(count)}
    killed = 0
    try:
        while running:
            meanwhile()
            time.sleep(chance.uniform(0, 0.02))
            if killed < kills:
                child = chance.choice(list(running))
                os.kill(child, signal.SIGKILL)
                if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL:
                    killed += 1
                    running[_fork(partial(work, running[child]))] = running[child]
                del running[child]
            for child in list(running):
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    del running[child]
                    if status:
                        raise RuntimeError(f"a process ended with the status {os.waitstatus_to_exitcode(status)}")
    finally:
        for child in running:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return killed


def forked(work: Callable[[], Any]) -> int:
    """Run `work` in a forked process and wait for it.

    Returns
    -------
    int
        0 if it returned, `FAILED` if it raised (the traceback goes to standard error), the code it exited with, or
        minus the number of the signal that ended it.
    """
    return os.waitstatus_to_exitcode(os.waitpid(_fork(work), 0)[1])


def _fork(work: Callable[[], Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = FAILED
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
