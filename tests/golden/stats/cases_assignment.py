# SPDX-License-Identifier: MIT
"""Assignment: published vectors of FNV-1a, MurmurHash3 and GrowthBook's buckets, and plain Python beside them."""

from __future__ import annotations

import numpy as np

from tests.golden.stats.suite import Suite

# GrowthBook's published SDK cases: (seed, id, version, bucket).
PUBLISHED = [
    ("", "a", "v1", 0.22), ("", "b", "v1", 0.077), ("b", "a", "v1", 0.946), ("ef", "d", "v1", 0.652), ("asdf", "8952klfjas09ujk", "v1", 0.549),
    ("", "123", "v1", 0.011), ("", '___)((*":&', "v1", 0.563), ("seed", "a", "v2", 0.0505), ("seed", "b", "v2", 0.2696), ("foo", "ab", "v2", 0.2575),
    ("foo", "def", "v2", 0.2019), ("89123klj", "8952klfjas09ujkasdf", "v2", 0.124), ("90850943850283058242805", "123", "v2", 0.7516),
    ("()**(%$##$%#$#", '___)((*":&', "v2", 0.0128),
]  # fmt: skip
# RFC 9923 appendix / Noll's test suite, and the vectors every MurmurHash3 port is tested with.
FNV = {"": 0x811C9DC5, "a": 0xE40C292C, "b": 0xE70C2DE5, "foobar": 0xBF9CF968}
MURMUR = [("", 0, 0), ("", 1, 0x514E28B7), ("", 0xFFFFFFFF, 0x81F16F39), ("test", 0x9747B28C, 0x704B81DC), ("Hello, world!", 0x9747B28C, 0x24884CBA),
          ("The quick brown fox jumps over the lazy dog", 0x9747B28C, 0x2FA826CD), ("aaaa", 0x9747B28C, 0x5A97808A), ("abc", 0, 0xB3DD93FA)]  # fmt: skip
IDS = ["user-1", "user-2", "ä", "日本", "😀", "a😀b", "0193a5f2c4d87e0f", "A", " ", "Zürich-17"]


def fnv(units: list[int]) -> int:
    value = 2166136261
    for unit in units:
        value = (value ^ unit) * 16777619 % 2**32
    return value


def units_of(text: str, kind: str) -> list[int]:
    if kind == "utf8":
        return list(text.encode())
    raw = text.encode("utf-16-le")
    return [raw[i] | raw[i + 1] << 8 for i in range(0, len(raw), 2)]


def bucket(version: str, seed: str, text: str, kind: str) -> float:
    if version == "v1":
        return fnv(units_of(text + seed, kind)) % 1000 / 1000
    return fnv(list(str(fnv(units_of(seed + text, kind))).encode())) % 10000 / 10000


def murmur(text: str, seed: int) -> int:
    """MurmurHash3_x86_32 written from its description; the published vectors below hold it to account."""

    def rotate(v: int, by: int) -> int:
        return (v << by | v >> 32 - by) & 0xFFFFFFFF

    data, h = text.encode(), seed
    for at in range(0, len(data) - len(data) % 4, 4):
        k = int.from_bytes(data[at : at + 4], "little") * 0xCC9E2D51 & 0xFFFFFFFF
        h = (rotate(h ^ rotate(k, 15) * 0x1B873593 & 0xFFFFFFFF, 13) * 5 + 0xE6546B64) & 0xFFFFFFFF
    if rest := data[len(data) - len(data) % 4 :]:
        k = int.from_bytes(rest, "little") * 0xCC9E2D51 & 0xFFFFFFFF
        h ^= rotate(k, 15) * 0x1B873593 & 0xFFFFFFFF
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def make(suite: Suite) -> None:
    for text, known in FNV.items():
        suite.case("fnv1a_32", {"values": [known]}, "RFC 9923", ids=[text])
    for text, start, value in MURMUR:
        assert murmur(text, start) == value
        suite.case("murmur3_32", {"values": [value]}, "published vectors", ids=[text], seed=start)
    for seed, text, version, place in PUBLISHED:
        assert bucket(version, seed, text, "utf8") == place
        for kind in ("utf8", "utf16"):
            suite.case(
                "buckets", {"values": [place]}, "GrowthBook SDK cases", ids=[text], seed=seed, hash=version, units=kind
            )
    for kind in ("utf8", "utf16"):
        suite.case("fnv1a_32", {"values": [fnv(units_of(t, kind)) for t in IDS]}, "plain Python", ids=IDS, units=kind)
        for version in ("v1", "v2"):
            suite.case("buckets", {"values": [bucket(version, "test-7", t, kind) for t in IDS]}, "plain Python", ids=IDS, seed="test-7", hash=version,
                       units=kind)  # fmt: skip
    suite.case(
        "buckets",
        {"values": [0.6733]},
        "definitions.md D17, GrowthBook's JavaScript SDK",
        ids=["ä"],
        seed="exp",
        hash="v2",
        units="utf16",
    )
    suite.case("buckets", {"values": [0.0423]}, "definitions.md D17", ids=["ä"], seed="exp", hash="v2", units="utf8")
    suite.case(
        "buckets",
        {"values": [murmur(t, fnv(list(b"test-7"))) / 2**32 for t in IDS]},
        "plain Python",
        ids=IDS,
        hash="murmur",
        seed="test-7",
    )
    variants(suite)


def variants(suite: Suite) -> None:
    ids = [f"user-{i}" for i in range(200)]
    for shares, coverage in ([0.5, 0.5], 1.0), ([0.2, 0.3, 0.5], 0.4), ([0.0, 1.0], 1.0):
        edges = np.concatenate([[0], np.cumsum(shares)])
        ranges = [(edges[i], edges[i] + coverage * shares[i]) for i in range(len(shares))]
        suite.case(
            "bucket_ranges",
            {"values": np.ravel(ranges)},
            "GrowthBook getBucketRanges, by hand",
            arrays={"shares": shares},
            coverage=coverage,
        )
        places = [bucket("v2", "exp", t, "utf8") for t in ids]
        chosen = [next((i for i, (low, high) in enumerate(ranges) if low <= p < high), -1) for p in places]
        suite.case(
            "variants",
            {"values": chosen},
            "plain Python",
            arrays={"shares": shares},
            ids=ids,
            seed="exp",
            coverage=coverage,
        )
    suite.case(
        "variants", {"values": [-1]}, "an empty id is in no test (D17)", arrays={"shares": [1.0]}, ids=[""], seed="exp"
    )
    inside = [int(0.2 <= fnv(list((t + "__ns").encode())) % 1000 / 1000 < 0.6) for t in ids]
    suite.case(
        "in_namespace",
        {"values": inside},
        "GrowthBook inNamespace, plain Python",
        ids=ids,
        name="ns",
        low=0.2,
        high=0.6,
    )
    suite.refuses("bucket_ranges", "shares", arrays={"shares": [0.5, 0.6]})
    suite.refuses("bucket_ranges", "coverage", arrays={"shares": [0.5, 0.5]}, coverage=1.5)
    suite.refuses("buckets", "hash", ids=["a"], hash="v3")
