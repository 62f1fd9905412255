"""Write the PrometheusRule of k8s/ from monitoring/alerts.yml, so that compose and Kubernetes raise the same alerts."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "monitoring/alerts.yml"
TARGET = ROOT / "k8s/components/servicemonitor/rules.yaml"
HEADER = """\
# Written by scripts/alert_rules.py from monitoring/alerts.yml: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: carabin
spec:
"""


def prometheus_rule(alerts: str) -> str:
    """Return the PrometheusRule that holds the rule file `alerts`, its comments included."""
    body = "".join(f"  {line}" if line.strip() else line for line in alerts.splitlines(keepends=True))
    return HEADER + body


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    TARGET.write_text(prometheus_rule(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
