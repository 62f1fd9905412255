"""What AWS makes of a policy, in the few words that ours use: an explicit Deny, else an Allow, else no.

Source: AWS IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators". Another
evaluator, @cloud-copilot/iam-simulate of npm, was asked the same questions once and gave the same answers.
"""

import fnmatch
from collections.abc import Mapping
from typing import Any


def allows(policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """Say whether the policy lets a request through.

    Args:
        resource: bucket and key, without the ARN's prefix.
        context: condition keys that the request brings, such as `s3:RequestObjectTag/stage`.
    """
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if action in statement["Action"]
        and any(_matches(pattern, resource) for pattern in statement["Resource"])
        and _holds(statement.get("Condition", {}), context or {})
    }
    return effects == {"Allow"}


def _matches(pattern: str, resource: str) -> bool:
    assert not set(pattern) & set("[]"), "fnmatch would read these, and IAM does not"
    return fnmatch.fnmatchcase(resource, pattern.removeprefix("arn:aws:s3:::"))


def _holds(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Every operator and every key must hold; a key that the request does not bring fails StringEquals."""
    assert set(condition) <= {"StringEquals"}, "teach this evaluator what the policy says"
    for key, wanted in condition.get("StringEquals", {}).items():
        if context.get(key) not in ([wanted] if isinstance(wanted, str) else wanted):
            return False
    return True
