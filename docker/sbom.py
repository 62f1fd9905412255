"""Print a CycloneDX 1.5 bill of materials of the image being built: its Python and its Debian packages.

It runs inside the build, with the image's own interpreter, so that it lists what is there and not what was asked for.
"""

import json
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from urllib.parse import quote

Component = dict[str, object]


def python_component(distribution: Distribution) -> Component:
    """Describe one installed Python distribution."""
    metadata, version = distribution.metadata, distribution.version
    name = metadata["Name"]
    licence = next((metadata[field] for field in ("License-Expression", "License") if field in metadata), "")
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{quote(version)}"
    component: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if licence and len(licence) < 100:  # Some put the whole text of their licence in that field.
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def debian_components() -> list[Component]:
    """Describe the packages of the base image; none where the base is not Debian."""
    try:
        listed = subprocess.run(
            ["dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\n"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    found: list[Component] = []
    for line in listed.splitlines():
        name, version, architecture = line.split()
        purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}"
        found.append({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
    return found


def bill(name: str, version: str) -> dict[str, object]:
    """Return the bill of the image `name`; the same content gives the same bytes, so it holds no time and no serial."""
    python = sorted(
        (python_component(found) for found in distributions()), key=lambda found: str(found["purl"]).lower()
    )
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name, "version": version}},
        "components": python + debian_components(),
    }


if __name__ == "__main__":
    json.dump(bill(sys.argv[1], sys.argv[2]), sys.stdout, indent=1)
