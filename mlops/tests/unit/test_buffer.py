# SPDX-License-Identifier: MIT
"""The buffer of accepted points: bounds, order, failures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from typing import Optional

import pytest

from mlops import _buffer
from mlops._buffer import CAPACITY, Buffer, Entry
from mlops._transport import Cancel, Done, Reply, Request, Transport
from mlops.errors import NotFound, Unavailable


class Fake(Transport):
    """Takes points; owners in `unknown` are refused, and so is everything while `away`."""

    url = "fake"
    remote = True

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.unknown: set[str] = set()
        self.away = False
        self.gate: Optional[threading.Event] = None

    def send(self, request: Request) -> Reply:
        if self.gate is not None:
            self.gate.wait(10)
        owners = json.loads(request.body)  # type: ignore[arg-type]
        if self.away:
            raise Unavailable("nobody is there")
        if self.unknown & set(owners):
            return Reply(404, b'{"error": {"code": "not_found", "message": "no such run"}}', {})
        self.batches.append(owners)
        return Reply(200, b"{}", {})

    def submit(self, request: Request, done: Done) -> Cancel:
        raise NotImplementedError

    @property
    def taken(self) -> list[str]:
        return [owner for batch in self.batches for owner in batch]


def encode(batch: Sequence[Entry]) -> bytes:
    return json.dumps([entry[0] for entry in batch]).encode()


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
    with pytest.raises(Unavailable, match="still uncommitted"):
        buffer.flush(0.05)
    fake.gate.set()
    buffer.flush()
    _buffer.flush_all()
