"""Nothing speaks unless a rule says so, and every pod that must speak has its rule."""

from .render import Manifest, pods


def policies(manifests: list[Manifest]) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == "NetworkPolicy"]


def selected(policy: Manifest, labels: dict[str, str]) -> bool:
    selector = policy["spec"]["podSelector"]
    exact = selector.get("matchLabels", {}).items() <= labels.items()
    listed = all(labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", []))
    return exact and listed


def allowed_ports(manifests: list[Manifest], labels: dict[str, str], direction: str) -> set[int]:
    side = direction.lower()
    return {
        port["port"]
        for policy in policies(manifests)
        if selected(policy, labels) and direction in policy["spec"]["policyTypes"]
        for rule in policy["spec"].get(side, [])
        for port in rule.get("ports", [])
    }


def test_both_directions_are_denied_by_default(manifests: list[Manifest]) -> None:
    (deny,) = [policy for policy in policies(manifests) if policy["metadata"]["name"] == "default-deny"]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_pod_of_ours_reaches_names_and_the_store(manifests: list[Manifest]) -> None:
    for owner, pod in pods(manifests):
        if owner != "StatefulSet/object-store":
            assert {53, 9000} <= allowed_ports(manifests, pod["metadata"]["labels"], "Egress"), owner


def test_the_transcriber_may_be_dialled_and_dials_nothing_but_the_store(manifests: list[Manifest]) -> None:
    labels = {"app.kubernetes.io/name": "carabin-transcriber"}
    assert allowed_ports(manifests, labels, "Ingress") == {9090, 9091, 9096}
    assert allowed_ports(manifests, labels, "Egress") == {53, 5353, 9000}


def test_clients_reach_the_transcriber_through_the_gateway_alone(manifests: list[Manifest]) -> None:
    (policy,) = [policy for policy in policies(manifests) if policy["metadata"]["name"] == "transcriber"]
    for rule in policy["spec"]["ingress"]:
        assert rule["from"], "an empty `from` lets everybody in"
        assert all(source.get("namespaceSelector", {}).get("matchLabels") for source in rule["from"])


def test_metrics_are_for_the_monitoring_namespace_alone(manifests: list[Manifest]) -> None:
    metrics = {"transcriber": 9096, "exporter": 9093, "trainer": 9095}
    found = set()
    for policy in policies(manifests):
        for rule in policy["spec"].get("ingress", []):
            if metrics.get(policy["metadata"]["name"]) in {port["port"] for port in rule.get("ports", [])}:
                (source,) = rule["from"]
                assert source["namespaceSelector"]["matchLabels"] in (
                    {"carabin.dev/monitoring": "true"},
                    {"kubernetes.io/metadata.name": "openshift-user-workload-monitoring"},
                )
                assert len(rule["ports"]) == 1, "a port of calls is open to monitoring"
                found.add(policy["metadata"]["name"])
    assert found == metrics.keys()


def test_names_are_resolved_by_the_clusters_own_dns_alone_wherever_it_listens(manifests: list[Manifest]) -> None:
    (dns,) = [policy for policy in policies(manifests) if policy["metadata"]["name"] == "allow-dns"]
    plain, openshift = dns["spec"]["egress"]
    namespaces = [
        source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for source in (*plain["to"], *openshift["to"])
        if "namespaceSelector" in source
    ]
    assert namespaces == ["kube-system", "openshift-dns"]
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in plain["to"], "NodeLocal DNSCache"
    for rule, port in ((plain, 53), (openshift, 5353)):
        assert {(each["protocol"], each["port"]) for each in rule["ports"]} == {("UDP", port), ("TCP", port)}
