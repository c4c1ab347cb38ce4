# SPDX-License-Identifier: MIT
"""The threads of HTTP calls: no work waits behind other work while there is a thread to be had."""

from __future__ import annotations

import threading

from mlops._daemon_pool import DaemonPool

WAIT = 20.0


def test_work_does_not_wait_behind_work_that_hangs() -> None:
    pool = DaemonPool(3, "t")
    for _ in range(50):  # also while a thread that was idle is about to take the one before
        hung, quick = threading.Event(), threading.Event()
        begun = threading.Event()

        def hang(begun: threading.Event = begun, hung: threading.Event = hung) -> None:
            begun.set()
            hung.wait(WAIT)

        pool.submit(hang)
        pool.submit(quick.set)
        assert quick.wait(WAIT)
        assert begun.wait(WAIT)
        hung.set()


def test_at_most_so_many_threads_run_and_all_work_is_done_in_order() -> None:
    pool = DaemonPool(2, "t")
    gate, done = threading.Event(), threading.Event()
    threads: set[int] = set()
    order: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        gate.wait(WAIT)
        with lock:
            threads.add(threading.get_ident())
            order.append(number)
            if len(order) == 40:
                done.set()

    for number in range(40):
        pool.submit(lambda number=number: work(number))  # type: ignore[misc]
    gate.set()
    assert done.wait(WAIT)
    assert len(threads) <= 2
    assert sorted(order) == list(range(40))


def test_its_threads_never_hold_up_the_end_of_the_program() -> None:
    pool = DaemonPool(1, "t")
    found: list[bool] = []
    done = threading.Event()

    def look() -> None:
        found.append(threading.current_thread().daemon)
        done.set()

    pool.submit(look)
    assert done.wait(WAIT)
    assert found == [True]
