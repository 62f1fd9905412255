"""The bench of builds runs both sides on the same clips and reports what each wrote."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_both_sides_are_measured_on_the_same_clips_and_write_their_sound(tmp_path: Path) -> None:
    command = [sys.executable, "bench/data.py", "--clips", "30", "--json", "--work", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["side"], row["clips"]) for row in rows] == [("carabin", 30), ("audiofolder", 30)]
    for row in rows:
        assert row["written_mb"] > 1.0, "30 clips of noise are 1.9 MB of samples"
        assert min(row["clips_a_second"], row["peak_mb"]) > 0
    assert list(tmp_path.iterdir()) == []
