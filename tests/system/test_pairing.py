# SPDX-License-Identifier: MIT
"""A model server without a credential shows a code; an administrator enters it; the token it gets is kept."""

from __future__ import annotations

import json
import re
import stat
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.system.programs import Program, eventually, run, started

CODE = re.compile(r"^pairing code ([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})")
TOKEN = re.compile(r"^\s+(mlp_\S+)$")


def health(address: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Administrator:
    def __init__(self, registry: Program, folder: Path) -> None:
        self.folder = folder
        (folder / "admin.token").write_text(registry.await_line(TOKEN).group(1) + "\n")
        self.address = registry.await_address()

    def enter(self, *words: str) -> tuple[int, Any]:
        done = run(*words, "--server", self.address, "--token-file", "admin.token", "--json", folder=self.folder)
        return done.returncode, json.loads(done.stdout or done.stderr)

    def service_tokens(self) -> list[dict[str, Any]]:
        items = self.enter("token", "list")[1]["items"]
        return [item for item in items if item["role"] == "service" and not item.get("revoked_at")]


def test_a_model_server_is_paired_once_and_again_after_its_token_was_revoked(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    flags = ["model-server", "--port", "0", "--cache-dir", str(cache)]
    with started("serve", "--auth", "on", "--port", "0", "--no-worker", folder=tmp_path) as registry:
        boss = Administrator(registry, tmp_path)
        flags += ["--registry-url", boss.address]
        with started(*flags, folder=tmp_path) as server:
            address = server.await_address()
            code = server.await_line(CODE).group(1)
            status, answer = health(address)
            assert status == 503
            assert f"tracseq token pair {code}" in answer["reason"]
            assert not boss.service_tokens()
            assert boss.enter("token", "pair", "BBBB-BBBB")[0] == 3
            assert boss.enter("token", "pair", code.lower().replace("-", ""))[0] == 0
            eventually(lambda: health(address)[0] == 200, 15, "the model server is let in")
            kept = cache / "registry.token"
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
            token = kept.read_text().strip()
            assert token.startswith("mlp_live_")
            assert token not in server.log_text() + "".join(server.lines)
            assert boss.enter("token", "pair", code)[0] == 3  # a code is good for one
        with started(*flags, folder=tmp_path) as server:  # the next start needs nobody
            address = server.await_address()
            eventually(lambda: health(address)[0] == 200, 15, "it is still let in")
            (only,) = boss.service_tokens()
            assert boss.enter("token", "revoke", only["token_id"])[0] == 0
            assert server.await_line(CODE)
            assert not any("mlp_" in line for line in server.lines)


def test_a_wrong_key_that_was_given_is_not_replaced_by_pairing(tmp_path: Path) -> None:
    with started("serve", "--auth", "on", "--port", "0", "--no-worker", folder=tmp_path) as registry:
        boss = Administrator(registry, tmp_path)
        key = {"MLOPS_API_KEY": "this-is-not-the-key-of-the-registry"}
        flags = ["model-server", "--port", "0", "--registry-url", boss.address, "--cache-dir", str(tmp_path / "c")]
        with started(*flags, folder=tmp_path, variables=key) as server:
            address = server.await_address()
            eventually(lambda: "credential" in health(address)[1]["reason"], 15, "it says what is wrong")
            assert health(address)[0] == 503
            entries = boss.enter("token", "list")[1]["items"]
            assert {item["role"] for item in entries} == {"admin"}
        assert not any("pairing" in line for line in server.lines)
