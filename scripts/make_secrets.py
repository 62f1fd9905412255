"""Write the secrets that compose and Kubernetes need, with random keys, beside the examples that say what they are.

python3 scripts/make_secrets.py compose    .env from .env.example
python3 scripts/make_secrets.py k8s        k8s/components/secrets/*.env from *.env.example

A file that exists is never touched: its keys are in use.
Standard library only, so that it runs before anything is installed.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = {"compose": (".env.example",), "k8s": tuple(sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "k8s/components/secrets").glob("*.env.example")
))}  # fmt: skip
KEY_BYTES = 24
"""192 random bits: 32 characters, which every S3 store accepts (MinIO takes 8 to 40)."""
SECRET_ENDINGS = ("_SECRET_KEY", "_PASSWORD", "_API_KEYS")


def filled(example: str) -> str:
    """Return the example with a random value after each empty `NAME=` whose name says that it is a secret."""
    return "".join(_filled_line(line) for line in example.splitlines(keepends=True))


def _filled_line(line: str) -> str:
    name, equals, value = line.rstrip("\n").partition("=")
    # `API_KEYS=dictation:` is a name that waits for its key.
    waits = equals and (not value or value.endswith(":"))
    if not waits or name.startswith("#") or not name.endswith(SECRET_ENDINGS):
        return line
    return f"{name}={value}{secrets.token_urlsafe(KEY_BYTES)}\n"


def write(example: Path) -> bool:
    """Write the file beside `example`, readable by its owner alone; False when it is there already."""
    target = example.with_name(example.name.removesuffix(".example"))
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(filled(example.read_text(encoding="utf-8")))
    return True


def main(arguments: list[str] | None = None) -> int:
    """Write what is missing and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(EXAMPLES))
    for name in EXAMPLES[parser.parse_args(arguments).target]:
        written = write(ROOT / name)
        sys.stdout.write(
            f"{name.removesuffix('.example')}: {'written' if written else 'is there already, untouched'}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
