# SPDX-License-Identifier: MIT
"""Every parser of what comes from outside has a fuzzer, and every fuzzer has inputs to begin with."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.tree import files, files_below, text

# Fuzz target -> the functions it feeds: a name, and the header (or source) that declares it. A new parser gets a line.
PARSERS: dict[str, dict[str, str]] = {
    "fuzz_artifact_path": {
        "check_artifact_path": "storage/artifacts/path.h",
        "safe_content_type": "storage/artifacts/path.h",
    },
    "fuzz_byte_range": {"requested_range": "api/byte_range.h"},
    "fuzz_codec": {
        "from_json": "base/describe.h",
        "from_text": "base/describe.h",  # also page sizes and Last-Event-ID (api/events.cpp)
        "unhex": "base/crypto.h",
        "unbase64": "base/crypto.h",
    },
    "fuzz_csv_scan": {"CsvScanner": "storage/tables/csv_scan.h", "detect_delimiter": "storage/tables/csv_scan.h"},
    "fuzz_exchange": {"ExchangeSource": "storage/tables/exchange.h"},
    "fuzz_gunzip": {"gunzip": "server/gzip.h"},
    "fuzz_headers": {
        "host_known": "server/guard.h",
        "origin_allowed": "server/guard.h",
        "takes_gzip": "server/header_text.h",
        "parse_http_url": "server/http_url.h",
    },
    "fuzz_infer_request": {
        "parse_infer_request": "api/inference/oip_request.h",
        "parse_header_length": "api/inference/oip_request.h",
    },
    "fuzz_inspect": {"inspect_file": "storage/tables/inspect.h"},
    "fuzz_json": {"parse_json": "base/json.h", "parse_rfc3339": "base/clock.h"},
    "fuzz_manifest": {"parse_manifest": "domain/serving/model_cache.h"},
    "fuzz_onnx_guard": {"inspect_onnx": "domain/serving/onnx_guard.h"},
    "fuzz_page_token": {
        "page_place": "domain/monitoring/page_token.h",
        "place_number": "domain/monitoring/page_token.h",
    },
    "fuzz_quantile_sketch": {"decode": "stats/quantile_sketch.h"},
    "fuzz_raw_request": {"parse_raw_request": "api/inference/oip_request.h"},
    "fuzz_registry_text": {
        "page_place": "domain/registry/page_token.h",
        "check_model_id": "domain/registry/rules.h",
        "check_version": "domain/registry/rules.h",
        "next_version": "domain/registry/rules.h",
    },
    "fuzz_request": {"make_request": "api/client.h"},
    "fuzz_run_query": {
        "parse_run_query": "domain/tracking/run_query.h",
        "parse_run_orders": "domain/tracking/run_query.h",
    },
    "fuzz_schema": {"parse_schema": "domain/data/schema.h", "from_token": "domain/data/paging.h"},
    "fuzz_settings": {"load": "base/config/config.h", "validate": "base/config/config.h"},
    "fuzz_spool": {"decode_spool_record": "domain/serving/spool.h"},
    "fuzz_sql_url": {"parse_url": "storage/sql/url.h", "mask_password": "storage/sql/url.h"},
    "fuzz_token_text": {"parse_token": "domain/security/tokens.h"},
    "fuzz_traffic_table": {
        "read_table": "domain/deployment/gateway/table_text.h",
        "target_named": "domain/deployment/gateway/split.h",
        "target_of_key": "domain/deployment/gateway/split.h",
    },
    "fuzz_tracking_page_token": {
        "run_place": "domain/tracking/page_token.h",
        "series_place": "domain/tracking/page_token.h",
    },
    "fuzz_transformation": {
        "FittedTransformation": "domain/features/transformation.h",
        "transform_record": "domain/features/transformation.h",
        "lower_text": "domain/features/tokens.h",
        "each_token": "domain/features/tokens.h",
    },
}

# What is called as parsers of text are, and takes text.
PARSER = re.compile(
    r"\b(parse_\w+|read_(?:token|cursor)|\w+_place|from_token|decode\w*)"
    r"\(([^();]*\bstd::string(?:_view)?\b[^();]*\b\w+)\)[\w ]*[{;]"
)
# Folder and name of those that no fuzzer feeds by this name -> why. Nothing that comes from outside stays unfed.
NOT_FED: dict[tuple[str, str], str] = {
    ("api", "decode"): "a part of make_request, which fuzz_request feeds",
    ("api/inference", "parse_with"): "a part of parse_infer_request, which fuzz_infer_request feeds",
    ("base", "parse_with"): "a part of parse_json, which fuzz_json feeds",
    ("cli", "read_token"): "a file of whoever starts the program, taken as it is",
    ("domain/abtest", "decode"): "a row that encode wrote; other lengths are refused, by test",
    ("domain/audit", "read_token"): "lets in what is_id lets in and takes nothing apart",
    ("domain/features", "decode"): "a part of lower_text and each_token, which fuzz_transformation feeds",
    ("domain/registry", "parse_semantic"): "a part of check_version and next_version, which fuzz_registry_text feeds",
    ("domain/tracking", "parse_run_order"): "a part of parse_run_orders, which fuzz_run_query feeds",
    ("server", "find_place"): "asks the system's resolver for a host that the operator names",
}


def parsers_of(source: str) -> list[str]:
    """The names of the functions a source declares or defines that look like parsers of text."""
    return [match[1] for match in PARSER.finditer(source) if re.search(r"std::string(_view)?&? \w+", match[2])]


def test_parsers_are_recognised() -> None:
    source = """
    Result<Url> parse_url(std::string_view url);
    Result<std::optional<Place>> read_token(const std::string& token) {
    std::uint32_t decode(std::string_view text, std::size_t& at) noexcept {
    Result<A> parse_with(simdjson::dom::parser& parser, std::string& body,
                         std::size_t json_bytes) {
    TRACSEQ_TRY(const auto url, parse_url(std::string_view(text)));
    return parse_url(text);
    """
    assert parsers_of(source) == ["parse_url", "read_token", "decode", "parse_with"]


def test_every_function_that_looks_like_a_parser_has_a_fuzzer_or_a_reason() -> None:
    fed = {(str(Path(header).parent), name) for parsers in PARSERS.values() for name, header in parsers.items()}
    found = {
        (str(path.parent.relative_to("src")), name)
        for path in files_below("src", ".cpp", ".h")
        if not path.stem.endswith("_test") and not path.name.startswith("fuzz_") and path.stem != "testing"
        for name in parsers_of(text(path))
    }
    assert sorted(found - fed - set(NOT_FED)) == [], "a new parser gets a fuzzer, in PARSERS"
    assert sorted(set(NOT_FED) - found) == [], "gone, or called otherwise"
    assert sorted(set(NOT_FED) & fed) == [], "fed after all"


def targets() -> dict[str, Path]:
    return {path.stem: path for path in files_below("src", ".cpp") if path.name.startswith("fuzz_")}


def test_every_fuzzer_says_what_it_feeds_and_every_parser_is_fed() -> None:
    assert sorted(targets()) == sorted(PARSERS), "a fuzz target and its parsers stand in PARSERS"
    wrong = []
    for target, parsers in PARSERS.items():
        source = text(targets()[target])
        for name, header in parsers.items():
            if name not in text(Path("src") / header):
                wrong.append(f"{header} declares no {name}")
            if name not in source:
                wrong.append(f"{target} does not call {name}")
    assert wrong == []


def test_every_fuzzer_has_seeds_and_every_seed_a_fuzzer() -> None:
    seeds = {path.parts[2] for path in files() if path.is_relative_to("tests/fuzz") and len(path.parts) == 4}
    assert seeds == set(targets())
