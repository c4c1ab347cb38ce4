# SPDX-License-Identifier: MIT
"""The buffer of accepted points: bounds, order, failures."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from typing import Any, Optional

import pytest

from mlops import _buffer
from mlops._buffer import CAPACITY, Buffer, Entry
from mlops._transport import Cancel, Done, Reply, Request, Transport
from mlops.errors import DeadlineExceeded, InvalidArgument, MLOpsError, NotFound, Unavailable


class Fake(Transport):
    """Takes points; owners in `unknown` are refused, a batch with a bad entry is, and everything while `away`."""

    url = "fake"
    remote = True

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.unknown: set[str] = set()
        self.posts = 0
        self.away = False
        self.gate: Optional[threading.Event] = None

    def send(self, request: Request) -> Reply:
        if self.gate is not None:
            self.gate.wait(10)
        entries = json.loads(request.body)  # type: ignore[arg-type]
        owners = [owner for owner, _ in entries]
        self.posts += 1
        if self.away:
            raise Unavailable("nobody is there")
        if self.unknown & set(owners):
            return Reply(404, b'{"error": {"code": "not_found", "message": "no such run"}}', {})
        bad = [what for _, what in entries if isinstance(what, str) and what.startswith("bad")]
        if bad:
            words = f"{bad[0]} is not allowed"
            return Reply(400, json.dumps({"error": {"code": "invalid", "message": words}}).encode(), {})
        self.batches.append(owners)
        return Reply(200, b"{}", {})

    def submit(self, request: Request, done: Done) -> Cancel:
        raise NotImplementedError

    @property
    def taken(self) -> list[str]:
        return [owner for batch in self.batches for owner in batch]


def encode(batch: Sequence[Entry]) -> bytes:
    return json.dumps([[entry[0], entry[2]] for entry in batch]).encode()


@pytest.fixture
def fake() -> Fake:
    return Fake()


def test_points_are_committed_in_order_within_20_ms(fake: Fake) -> None:
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("a", 1, None))
    end = time.monotonic() + 2
    while not fake.batches:
        assert time.monotonic() < end
        time.sleep(0.001)
    for index in range(500):
        buffer.add((str(index), 1, None))
    buffer.flush()
    assert fake.taken == ["a", *map(str, range(500))]
    assert buffer.empty
    assert len(fake.batches) < 200


def test_one_owners_failure_spoils_no_other_and_raises_in_the_next_call(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode)
    fake.unknown = {"gone"}
    for owner in ("first", "a", "gone", "b", "gone"):
        buffer.add((owner, 2, None))
    fake.gate.set()
    with pytest.raises(NotFound, match="4 points could not be committed: no such run"):
        buffer.flush()
    assert sorted(fake.taken) == ["a", "b", "first"]
    buffer.add(("c", 1, None))
    buffer.flush()
    assert fake.taken[-1] == "c"


def test_a_refused_entry_spoils_no_other_of_its_owner(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("first", 1, None))
    for index in range(4000):
        buffer.add(("m", 1, "bad latency" if index in (7, 1234, 3999) else index))
    fake.gate.set()
    with pytest.raises(InvalidArgument, match="1 points could not be committed: bad latency is not allowed"):
        buffer.flush()
    assert len(fake.taken) == 3998
    assert fake.posts < 120


def test_the_search_for_what_is_at_fault_is_bounded(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("first", 1, None))
    for _ in range(3000):
        buffer.add(("m", 1, "bad"))
    fake.gate.set()
    with pytest.raises(InvalidArgument, match="bad is not allowed"):
        buffer.flush()
    assert fake.posts <= 300
    assert fake.taken == ["first"]


def test_entries_of_one_owner_are_committed_in_their_order(fake: Fake) -> None:
    sent: list[Any] = []
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", lambda batch: sent.append([e[2] for e in batch]) or encode(batch))  # type: ignore[func-returns-value]
    buffer.add(("first", 1, None))
    for index in range(64):
        buffer.add(("m", 1, "bad" if index == 40 else index))
    fake.gate.set()
    with pytest.raises(InvalidArgument):
        buffer.flush()
    committed = [what for batch in sent if not any(str(w).startswith("bad") for w in batch) for what in batch]
    assert committed == [None, *(index for index in range(64) if index != 40)]


def test_an_entry_without_points_is_nothing_to_commit(fake: Fake) -> None:
    buffer = Buffer(fake, "/x", encode)
    assert buffer.try_add(("a", 0, None))
    assert buffer.empty
    buffer.flush()
    assert fake.posts == 0


def test_one_error_names_all_that_failed(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("first", 1, None))
    fake.unknown = {"gone"}
    buffer.add(("gone", 2, None))
    buffer.add(("m", 1, "bad name"))
    fake.gate.set()
    with pytest.raises(MLOpsError) as caught:
        buffer.flush()
    assert "2 points could not be committed: no such run" in str(caught.value)
    assert "1 points could not be committed: bad name is not allowed" in str(caught.value)


def test_a_thread_of_our_own_leaves_the_users_errors_alone(fake: Fake) -> None:
    fake.unknown = {"gone"}
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("gone", 1, None))
    assert buffer.settle(5) == 0
    assert buffer.add_quietly(("system", 1, None))
    assert buffer.settle(5) == 0
    with pytest.raises(NotFound):
        buffer.try_add(("b", 1, None))


def test_a_failure_before_a_fork_is_raised_after_it(fake: Fake) -> None:
    fake.gate = threading.Event()
    fake.unknown = {"gone"}
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("gone", 1, None))
    fake.gate.set()
    child = os.fork()
    if child == 0:
        os._exit(0 if buffer.empty else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pytest.raises(NotFound, match="no such run"):
        buffer.flush()


def keep_adding(buffer: Buffer) -> None:
    for _ in range(500):
        buffer.add(("b", 1, None))
        time.sleep(0.01)


def test_a_failure_raises_in_the_next_add(fake: Fake) -> None:
    fake.away = True
    buffer = Buffer(fake, "/x", encode)
    with pytest.raises(Unavailable, match="points could not be committed: nobody is there"):
        keep_adding(buffer)
    fake.away = False


def test_a_full_buffer_waits_until_there_is_room(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("a", CAPACITY, None))
    assert not buffer.try_add(("b", 1, None))
    added = threading.Event()

    def add() -> None:
        buffer.add(("b", 1, None))
        added.set()

    thread = threading.Thread(target=add)
    thread.start()
    assert not added.wait(0.1)
    fake.gate.set()
    thread.join(5)
    assert added.is_set()
    buffer.flush()
    assert fake.taken == ["a", "b"]


def test_large_amounts_go_in_batches(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode, batch_points=10)
    for index in range(100):
        buffer.add((str(index), 1, None))
    fake.gate.set()
    buffer.flush()
    assert max(map(len, fake.batches)) == 10
    assert fake.taken == list(map(str, range(100)))


def test_a_flush_that_takes_too_long_says_so(fake: Fake) -> None:
    fake.gate = threading.Event()
    buffer = Buffer(fake, "/x", encode)
    buffer.add(("a", 1, None))
    with pytest.raises(DeadlineExceeded, match="still uncommitted"):
        buffer.flush(0.05)
    fake.gate.set()
    buffer.flush()
    _buffer.flush_all()
