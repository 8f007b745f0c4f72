from __future__ import annotations

import hashlib
import http.cookiejar
import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
import websocket

from .conftest import Jupyter

MEBIBYTE = 1024 * 1024
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def log_in(jupyter: Jupyter) -> tuple[urllib.request.OpenerDirector, http.cookiejar.CookieJar]:
    """As a browser does, with cookies."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    base = jupyter.address("").removesuffix("bottega/")
    browser.open(f"{base}login?token={jupyter.token}", timeout=20).read()
    return browser, jar


def test_every_route_refuses_who_is_not_logged_in(jupyter: Jupyter) -> None:
    assert jupyter.ask("info", with_token=False).status == 403
    for verb in VERBS:
        body = b"x" if verb in ("POST", "PUT", "PATCH") else None
        answer = jupyter.ask("agent/v1/info", verb, body, with_token=False)
        assert (verb, answer.status) == (verb, 403)
        assert b"bottega-agent" not in answer.body


def test_a_socket_refuses_who_is_not_logged_in_or_comes_from_elsewhere(jupyter: Jupyter) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        jupyter.open_socket("agent/v1/stream", with_token=False)
    assert refused.value.status_code == 403
    _, jar = log_in(jupyter)
    cookie = "; ".join(f"{each.name}={each.value}" for each in jar)
    jupyter.open_socket("agent/v1/stream", with_token=False, cookie=cookie).close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        jupyter.open_socket(
            "agent/v1/stream", with_token=False, cookie=cookie, origin="http://elsewhere.example"
        )
    assert refused.value.status_code == 403


def test_a_browser_with_a_cookie_needs_the_xsrf_token_to_write(jupyter: Jupyter) -> None:
    browser, jar = log_in(jupyter)

    def post(headers: dict[str, str]) -> int:
        request = urllib.request.Request(
            jupyter.address("agent/v1/digest"), data=b"abc", method="POST", headers=headers
        )
        try:
            return int(browser.open(request, timeout=20).status)
        except urllib.error.HTTPError as error:
            return error.code

    assert browser.open(jupyter.address("agent/v1/info"), timeout=20).status == 200
    assert post({}) == 403
    xsrf = next(cookie.value for cookie in jar if cookie.name == "_xsrf")
    assert post({"X-XSRFToken": str(xsrf)}) == 200


def test_nothing_that_proves_who_asks_reaches_the_agent(jupyter: Jupyter) -> None:
    secrets = {
        "Cookie": "session=abc",
        "X-XSRFToken": "def",
        "Referer": "http://x/?token=ghi",
        "X-Kept": "yes",
    }
    seen = jupyter.ask(f"agent/v1/headers?token={jupyter.token}&_xsrf=z&keep=a%2Fb", headers=secrets).json()
    assert seen["url"] == "/v1/headers?keep=a%2Fb"
    assert seen["headers"]["x-kept"] == "yes"
    assert not {"cookie", "authorization", "x-xsrftoken", "referer"} & set(seen["headers"])


def test_cookies_of_the_agent_do_not_reach_the_browser(jupyter: Jupyter) -> None:
    answer = jupyter.ask("agent/v1/info")
    assert "agent=secret" not in str(answer.headers.get_all("Set-Cookie"))


def test_a_large_file_comes_through_whole_and_in_parts(jupyter: Jupyter) -> None:
    whole = jupyter.ask(f"agent/v1/runs/any-run/files/zeros-{40 * MEBIBYTE}")
    assert len(whole.body) == 40 * MEBIBYTE
    assert whole.headers["Content-Length"] == str(40 * MEBIBYTE)
    part = jupyter.ask("agent/v1/runs/any-run/files/zeros-5000", headers={"Range": "bytes=100-199"})
    assert (part.status, part.headers["Content-Range"], len(part.body)) == (206, "bytes 100-199/5000", 100)


def test_a_large_body_is_passed_on_while_it_comes(jupyter: Jupyter) -> None:
    chunk = bytes(range(256)) * 256

    def body() -> Iterator[bytes]:
        for _ in range(320):
            yield chunk

    answer = jupyter.ask("agent/v1/digest", "POST", body())
    expected = hashlib.sha256()
    for piece in body():
        expected.update(piece)
    assert answer.json() == {"sha256": expected.hexdigest()}


def test_an_error_of_the_agent_comes_through_as_it_is(jupyter: Jupyter) -> None:
    answer = jupyter.ask("agent/v1/runs/nothing-here")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")


def test_an_empty_answer_stays_empty(jupyter: Jupyter) -> None:
    answer = jupyter.ask("agent/v1/runs/any-run/profile", "POST", b'{"steps": 5}')
    assert (answer.status, answer.body) == (204, b"")


def test_the_dashboard_may_be_framed_by_this_origin_and_data_is_inert(jupyter: Jupyter) -> None:
    dashboard = jupyter.ask("agent/v1/clusters/local/dashboard/")
    assert b"Ray Dashboard" in dashboard.body
    assert "frame-ancestors 'self'" in dashboard.headers["Content-Security-Policy"]
    assert "default-src" not in dashboard.headers["Content-Security-Policy"]
    data = jupyter.ask("agent/v1/runs/any-run/files/zeros-10")
    assert "sandbox" in data.headers["Content-Security-Policy"]


def test_a_socket_passes_text_and_bytes_both_ways(jupyter: Jupyter) -> None:
    connection = jupyter.open_socket("agent/v1/clusters/local/dashboard/echo")
    connection.send("héllo")
    assert connection.recv() == "héllo"
    large = bytes(5 * MEBIBYTE)
    connection.send_binary(large)
    assert connection.recv() == large
    connection.close()


def test_a_message_over_ten_megabytes_ends_the_socket(jupyter: Jupyter) -> None:
    connection = jupyter.open_socket("agent/v1/clusters/local/dashboard/echo")
    with pytest.raises((websocket.WebSocketConnectionClosedException, OSError)):
        connection.send_binary(bytes(11 * MEBIBYTE))
        connection.recv()


def test_a_run_is_followed_through_the_tunnel(jupyter: Jupyter) -> None:
    def post(path: str, body: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json"}
        assert jupyter.ask(f"agent/v1/{path}", "POST", json.dumps(body).encode(), headers).status == 200

    post("clusters", {"spec": "provider: local\nname: local"})
    post("runs", {"id": "run-one", "config": "kind: script", "folder": "/tmp", "cluster": "local"})
    connection = jupyter.open_socket("agent/v1/stream")
    connection.send(json.dumps({"type": "follow", "run": "run-one", "from": 1}))
    numbers: list[int] = []
    while not numbers or numbers[-1] < 8:
        numbers += [event["seq"] for event in json.loads(connection.recv())["events"]]
    assert numbers == list(range(1, 9))
    connection.close()
