"""What the engine answers, and what it refuses."""

from __future__ import annotations

import secrets
from pathlib import Path

import aiohttp
import pytest

from bottega_engine.service.tests.conftest import finetune_config, script_config
from bottega_engine.service.tests.engine_process import EngineClient, EngineProcess, digest, of_type, tree_of
from bottega_schema.models import EngineInfo


async def test_only_who_has_the_token_is_heard(engine: EngineProcess) -> None:
    url = f"http://127.0.0.1:{engine.port}/v1"
    paths = [
        "/info",
        "/runs",
        "/stream",
        "/keepers/x",
        f"/keepers/blobs/{'0' * 64}",
        "/nothing",
        f"/info?token={engine.token}",
    ]
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {engine.token}"}):
            for path in paths:
                async with session.get(url + path, headers=headers) as answer:
                    assert (answer.status, (await answer.json())["code"]) == (401, "unauthorized")


async def test_info_is_what_the_schema_says_and_the_stream_tells_when_a_node_changes(
    client: EngineClient,
) -> None:
    [changed] = await client.nodes_when_ready()
    _, info = await client.ask("GET", "/v1/info")
    [node] = EngineInfo.model_validate(info).nodes
    assert (node.id, node.cpus, node.zygote) == (changed["id"], 2, "ready")
    assert 0 < node.memory_used_bytes < node.memory_bytes


async def test_the_same_submit_is_one_run_and_another_under_its_id_is_a_conflict(
    client: EngineClient, folder: Path
) -> None:
    (folder / "one.py").write_text("print(1)\n")
    body = {
        "name": "one",
        "config": script_config("one.py"),
        "tree": await client.send_folder(folder),
        "phases": [{"name": "sync", "started": 1000.5, "duration_ms": 12.5}],
    }
    path = f"/v1/runs/run-{secrets.token_hex(6)}"
    assert [(await client.ask("PUT", path, body))[0] for _ in range(2)] == [200, 200]
    events = await client.end_of(path.rsplit("/", 1)[1])
    assert (events[0]["name"], events[0]["duration_ms"]) == ("sync", 12.5)
    assert (await client.ask("PUT", path, body))[1]["state"] == "done"
    status, error = await client.ask("PUT", path, {**body, "config": script_config("one.py --other")})
    assert (status, error["code"]) == (409, "conflict")
    assert (await client.ask("DELETE", path))[0] == 204
    assert (await client.ask("GET", path))[1]["code"] == "not_found"


async def test_missing_files_are_named(client: EngineClient) -> None:
    entry = {"path": "a.py", "type": "file", "blob": digest(b"never sent"), "size": 10, "executable": False}
    body = {"name": "x", "config": script_config("a.py"), "tree": tree_of([entry]), "phases": []}
    status, error = await client.ask("PUT", "/v1/runs/run-without-files", body)
    assert (status, error["code"], error["details"]) == (409, "conflict", entry["blob"])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({**finetune_config(), "learning_rat": 1}, "Unknown key learning_rat. Did you mean learning_rate?"),
        ({**finetune_config(), "max_steps": 0}, "max_steps must be at least 1."),
        (
            {**finetune_config(), "method": "full", "lora": {"r": 4}},
            "lora is only used when method is lora. Remove it, or set method: lora.",
        ),
        ({"kind": "finetine"}, "kind must be finetune or script, not finetine. Did you mean finetune?"),
    ],
)
async def test_a_wrong_config_is_refused_in_the_words_of_the_editor(
    client: EngineClient, config: dict[str, object], message: str
) -> None:
    body = {"name": "x", "config": config, "tree": tree_of([]), "phases": []}
    status, error = await client.ask("PUT", "/v1/runs/run-with-wrong-config", body)
    assert (status, error["code"]) == (422, "invalid_config")
    assert [problem["message"] for problem in error["problems"]] == [message]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("PUT", "/v1/runs/run-with-links", {"name": "x", "config": script_config("x"), "tree": {**tree_of([]), "digest": "0" * 64}, "phases": []}, "invalid_request"),
        ("PUT", "/v1/runs/Bad", {}, "invalid_request"),
        ("PUT", "/v1/runs/run-empty-body", {}, "invalid_request"),
        ("POST", "/v1/blobs/missing", {"blobs": ["../../etc/passwd"]}, "invalid_request"),
        ("GET", "/v1/runs/run-not-there", None, "not_found"),
        ("GET", "/v1/runs/run-not-there/events", None, "not_found"),
        ("GET", "/v1/runs/run-not-there/files/x", None, "not_found"),
        ("GET", "/v1/runs/run-not-there/traces/x", None, "not_found"),
        ("POST", "/v1/runs/run-not-there/stop", {}, "not_found"),
        ("DELETE", "/v1/runs/run-not-there", None, "not_found"),
        ("GET", "/v1/nothing", None, "not_found"),
    ],
)  # fmt: skip
async def test_bad_requests_are_refused_with_a_code(
    client: EngineClient, method: str, path: str, body: object, code: str
) -> None:
    _, error = await client.ask(method, path, body)
    assert error["code"] == code
    assert error["message"].endswith(".")


async def test_a_run_that_no_node_can_hold_is_refused(client: EngineClient) -> None:
    config = script_config("x.py", resources={"ranks": 3})
    body = {"name": "x", "config": config, "tree": tree_of([]), "phases": []}
    status, error = await client.ask("PUT", "/v1/runs/run-too-large", body)
    assert (status, error["code"]) == (409, "too_few_seats")
    assert "3 CPUs" in error["message"]


async def test_files_of_the_output_and_nothing_else(
    client: EngineClient, folder: Path, engine: EngineProcess
) -> None:
    (folder / "writes.py").write_text(
        "import os\nout = os.environ['BOTTEGA_OUTPUT_DIR']\n"
        "open(f'{out}/numbers.txt', 'w').write('0123456789')\n"
        "os.symlink('numbers.txt', f'{out}/inner')\n"
        "os.symlink('/etc/passwd', f'{out}/outer')\n"
        "os.symlink('../events.jsonl', f'{out}/log')\n"
        "os.symlink('..', f'{out}/up')\n"
    )
    run_id = await client.submit(folder, script_config("writes.py"))
    await client.end_of(run_id)
    files = f"/v1/runs/{run_id}/files"
    async with client.session.get(f"{files}/inner", headers={"Range": "bytes=2-4"}) as answer:
        assert (answer.status, await answer.text()) == (206, "234")
    for path in (
        "outer",
        "log",
        "up/submit.json",
        "none",
        "../submit.json",
        "%2e%2e/submit.json",
        "%2fetc%2fpasswd",
    ):
        async with client.session.get(f"{files}/{path}") as answer:
            assert answer.status == 404, path


async def test_pages_of_events_and_the_stream_say_the_same(client: EngineClient, folder: Path) -> None:
    (folder / "talks.py").write_text("for i in range(3000): print('x' * 500, i)\n")
    run_id = await client.submit(folder, script_config("talks.py"))
    events = await client.end_of(run_id)
    pages = []
    while True:
        _, page = await client.ask("GET", f"/v1/runs/{run_id}/events?from={len(pages) + 1}&limit=7")
        assert len(page["events"]) <= 7
        pages += page["events"]
        if len(pages) == page["last_seq"]:
            break
    assert pages == events
    assert sum(len(event["text"]) for event in of_type(events, "output")) > 1_500_000


async def test_the_stream_follows_from_a_number_unfollows_and_names_unknown_runs(
    client: EngineClient, folder: Path
) -> None:
    (folder / "one.py").write_text("print(1)\n")
    run_id = await client.submit(folder, script_config("one.py"))
    events = await client.end_of(run_id)
    async with client.session.ws_connect("/v1/stream") as stream:
        assert (await stream.receive_json())["type"] == "nodes"
        await stream.send_json({"type": "follow", "run": "run-not-there", "from": 1})
        await stream.send_str("nonsense")
        errors = [await stream.receive_json() for _ in range(2)]
        assert [error["error"]["code"] for error in errors] == ["not_found", "invalid_request"]
        await stream.send_json({"type": "unfollow", "run": run_id})
        await stream.send_json({"type": "follow", "run": run_id, "from": 3})
        while (message := await stream.receive_json())["type"] != "events":
            pass
        assert message["events"] == events[2:]
