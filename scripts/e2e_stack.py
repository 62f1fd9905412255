"""The compose project of `make e2e-compose`: its own keys, its own users in the store."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import e2e_engine
import make_secrets
from e2e_steps import ROOT, private, run, store_users


class Stack:
    """The compose project, with keys of its own: an operator's .env is not read."""

    def __init__(self, folder: Path, engine: Mapping[str, str]) -> None:
        self._keys = private(folder) / "e2e.env"
        self._keys.write_text(make_secrets.filled((ROOT / ".env.example").read_text(encoding="utf-8")))
        self.key = dict(line.split("=", 1) for line in self._keys.read_text().splitlines() if "=" in line[:60])
        self.token = self.key["TRANSCRIBER_API_KEYS"].partition(":")[2]
        users = private(folder) / "users.json"
        users.write_text(json.dumps(store_users(lambda name: self.key[f"STORE_{name.upper()}_SECRET_KEY"])))
        users.chmod(0o644)
        self._environment = {**os.environ, **engine, "E2E_USERS": str(users), "COMPOSE_PROJECT_NAME": "carabin-e2e"}

    def compose(self, *arguments: str, capture: bool = False, **environment: str) -> str:
        files = ("-f", "docker-compose.yml", "-f", "docker/e2e/compose.yml")
        command = [str(e2e_engine.compose_binary()), "--env-file", str(self._keys), *files, *arguments]
        return run(command, self._environment | environment, capture)

    def store(self, user: str) -> dict[str, str]:
        """Return what the `carabin` on this machine needs to be `user` at the published port."""
        return {
            "CARABIN_STORE_ENDPOINT": "127.0.0.1:9000",
            "CARABIN_STORE_SECURE": "false",
            "CARABIN_STORE_ACCESS_KEY": f"carabin-{user}",
            "CARABIN_STORE_SECRET_KEY": self.key[f"STORE_{user.upper()}_SECRET_KEY"],
        }
