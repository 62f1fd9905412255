"""What OpenAI's clients ask for and do not get is refused in a form that they show."""

import httpx

from ..helpers.servers import running

PATH = "/v1/audio/transcriptions"


async def test_a_path_or_a_method_that_is_not_served_is_refused_as_openai_does():
    async with running() as server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}") as opened:
        method, path = await opened.get(PATH), await opened.post("/v1/audio/speech", json={})
        other = await opened.get("/nowhere")
    assert (method.status_code, method.headers["allow"], path.status_code) == (405, "POST", 404)
    assert method.json()["error"] == {
        "message": f"GET {PATH}: Method Not Allowed",
        "type": "invalid_request_error",
        "param": None,
        "code": "method_not_allowed",
    }
    assert path.json()["error"]["code"] == "unknown_url"
    assert other.json() == {"detail": "Not Found"}, "beside the API nothing changes"
