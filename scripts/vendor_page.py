"""Take the page's libraries from the npm registry, at pinned versions and checksums, into the package.

The files are committed: a clean clone needs no Node.js and no npm registry. Run this only to change a version:
edit the table, run `.venv/bin/python scripts/vendor_page.py`, and commit what it wrote.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import sys
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENDOR = ROOT / "services/transcriber/src/carabin/transcriber/web/static/vendor"
REGISTRY = "https://registry.npmjs.org"


@dataclass(frozen=True)
class NpmPackage:
    """One library: an ES module that the browser loads as it is, but for the addresses of its imports."""

    name: str
    version: str
    integrity: str
    """SHA-512 of the archive, as package-lock.json writes it."""
    module: str = "dist/index.js"


PACKAGES = (
    NpmPackage(
        "dictation_support",
        "1.0.5",
        "sha512-5OZmZqPWym49ON9bpKlMRdJQ0GDzjrcdOwuy21ymXDGwD99r4t9adNSV6DfmMknSRnyZaEUYlA5layTc8jicfQ==",
    ),
    NpmPackage(
        "orderedmap",
        "2.1.1",
        "sha512-TvAWxi0nDe1j/rtMcWcIj94+Ffe6n7zhow33h40SKxmsmozs6dz/e+EajymfoFcHd7sxNn8yHM8839uixMOV6g==",
    ),
    NpmPackage(
        "prosemirror-commands",
        "1.7.2",
        "sha512-q6Q6szxqdu9Xd6EcdKsqXghu5nQdZTpB4Q9yd04WRc7/jt763e/rT60Owh0L1GYY+T46o5rD+9lEN36dZS43tw==",
    ),
    NpmPackage(
        "prosemirror-history",
        "1.5.1",
        "sha512-onlwnqKvgtFg6srZOmDOAhlAy1FIHQpOExORybX0S+DvJepE5tPALrB9iGet/2sqqqrelSnB10OoiOJqAvu2DA==",
    ),
    NpmPackage(
        "prosemirror-keymap",
        "1.2.3",
        "sha512-4HucRlpiLd1IPQQXNqeo81BGtkY8Ai5smHhKW9jjPKRc2wQIxksg7Hl1tTI2IfT2B/LgX6bfYvXxEpJl7aKYKw==",
    ),
    NpmPackage(
        "prosemirror-model",
        "1.25.13",
        "sha512-MlDMWGjYXaYOeCiO17jcybntCOzPnN+97U0809ke2QsgPtxW3n5/sD6ZKyJONUgMw1iP93ohZTjeKjnRJ7L6kQ==",
    ),
    NpmPackage(
        "prosemirror-state",
        "1.4.4",
        "sha512-6jiYHH2CIGbCfnxdHbXZ12gySFY/fz/ulZE333G6bPqIZ4F+TXo9ifiR86nAHpWnfoNjOb3o5ESi7J8Uz1jXHw==",
    ),
    NpmPackage(
        "prosemirror-transform",
        "1.12.6",
        "sha512-Npot0uIQTDObbDLCiw3TUc08EIT1jNcqbuadG+y5T4jT+4NN8f46AP5h/x+6wE++q7NcW8++oBvc1M0wXvFD/g==",
    ),
    NpmPackage(
        "prosemirror-view",
        "1.42.9",
        "sha512-bKbfzeKZOu2H2JQU2TaJmYu6EBcor3VnGIR4jR31cbEt1ztUnfUB6bKGV1+fJzOJdrVWR+tRU0208zM3oQx4wA==",
    ),
    NpmPackage(
        "rope-sequence",
        "1.3.4",
        "sha512-UT5EDe2cu2E/6O4igUr5PSFs23nvvukicWHx6GnOPlHAiiYbzNuCRQCuiUdHJQcqKalLKlrYJnjY0ySGsXNQXQ==",
    ),
    NpmPackage(
        "w3c-keyname",
        "2.2.8",
        "sha512-dpojBhNsCNN7T82Tm7k26A6G9ML3NkhDsnw9n/eoxSRlVBB4CEtIQ/KTCLI2Fwf3ataSXRhYFkQi3SlnFwPvPQ==",
        module="index.js",
    ),
)

_IMPORT = re.compile(r"^(import .+ from )'([a-z0-9-]+)';$", re.MULTILINE)
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*\n?", re.MULTILINE)


def archive(package: NpmPackage) -> bytes:
    """Return the package's archive.

    Raises:
        SystemExit: its SHA-512 is not the pinned one.
    """
    address = f"{REGISTRY}/{package.name}/-/{package.name}-{package.version}.tgz"
    with urllib.request.urlopen(address, timeout=60) as response:
        data: bytes = response.read()
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != package.integrity:
        sys.exit(f"{address} has {found}, not the pinned {package.integrity}")
    return data


def member(data: bytes, name: str) -> str:
    """Return one file of an archive as text."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        file = tar.extractfile(f"package/{name}")
        if file is None:
            sys.exit(f"the archive holds no file {name}")
        return file.read().decode("utf-8")


def browser_module(text: str) -> str:
    """Return a module whose imports name files beside it, without the address of a source map that is not served."""
    return _SOURCE_MAP.sub("", _IMPORT.sub(r"\1'./\2.js';", text))


def main() -> None:
    VENDOR.mkdir(exist_ok=True)
    versions: dict[str, dict[str, str]] = {}
    licences = []
    for package in PACKAGES:
        data = archive(package)
        text = browser_module(member(data, package.module))
        (VENDOR / f"{package.name}.js").write_text(text, "utf-8")
        licences.append(f"{package.name} {package.version}\n\n{member(data, 'LICENSE').strip()}\n")
        versions[package.name] = {
            "version": package.version,
            "archive": package.integrity,
            "module_sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
    (VENDOR / "LICENSES.txt").write_text(("\n" + "-" * 80 + "\n\n").join(licences), "utf-8")
    (VENDOR / "versions.json").write_text(json.dumps(versions, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    main()
