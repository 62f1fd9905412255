"""Answer the container's HEALTHCHECK: exit 0 when every address given is healthy, 1 with one sentence otherwise.

healthcheck.py http://127.0.0.1:9090/livez     any status below 400; over TLS where the service itself speaks it
healthcheck.py grpc://127.0.0.1:9092           the standard gRPC health service says SERVING; likewise
"""

import os
import ssl
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc

TIMEOUT_S = 4.0
"""Below the 5 s after which the Dockerfiles let Docker give up, so that the sentence is still printed."""


TLS_VARIABLE = "CARABIN_TRANSCRIBER_TLS_CERT"
"""Where it is set, the HTTP port speaks TLS."""
GRPC_TLS_VARIABLE = "CARABIN_EXPORTER_TLS_CERT"
"""Where it is set, the gRPC port speaks TLS, with the certificate in that file."""
PAST_PROXIES = ("grpc.enable_http_proxy", 0)
"""A channel's option, for the same reason as in `check_http`."""


def check_http(url: str) -> str | None:
    """Return what is wrong at `url`, or None."""
    # Our own loopback: the certificate is made out to another name, and nobody else can answer here.
    trusting = ssl._create_unverified_context()
    if os.environ.get(TLS_VARIABLE):
        url = url.replace("http://", "https://", 1)
    # Past the site's proxy, which the environment may name: it reaches no loopback of ours.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting))
    try:
        with direct.open(url, timeout=TIMEOUT_S):
            return None
    except (urllib.error.URLError, OSError) as error:
        return f"{url}: {error}"


def check_grpc(url: str) -> str | None:
    """Return what is wrong with the server at `url`, or None."""
    # Imported here: only images with a gRPC server hold these packages.
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    certificate = os.environ.get(GRPC_TLS_VARIABLE)
    address = url.removeprefix("grpc://")
    with _channel(address, certificate) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            return f"{url}: {error.code().name}"
    serving = health_pb2.HealthCheckResponse.SERVING
    return None if answer.status == serving else f"{url}: not serving"


def _channel(address: str, certificate: str | None) -> "grpc.Channel":
    """Return a channel that trusts the server's own certificate alone, where it has one, whatever name is in it."""
    import grpc

    if not certificate:
        return grpc.insecure_channel(address, [PAST_PROXIES])
    from cryptography import x509

    with open(certificate, "rb") as file:
        pem = file.read()
    names = x509.load_pem_x509_certificates(pem)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName)
    options = [PAST_PROXIES, ("grpc.ssl_target_name_override", str(next(iter(names.value)).value))]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(pem), options)


def main(urls: list[str]) -> int:
    """Check every address, in order, and stop at the first that is not healthy."""
    for url in urls:
        problem = check_grpc(url) if url.startswith("grpc://") else check_http(url)
        if problem:
            sys.stderr.write(f"{problem}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
