"""What data may look like, and what is said when it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from bottega_engine.finetune.encoder import IGNORED, Encoder
from bottega_engine.finetune.rows import Row
from bottega_engine.finetune.tests.conftest import Project, byte_tokenizer, text_rows
from bottega_engine.rank_context import RunFailed

GENERATION_TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'assistant' %}[A]{% generation %}{{ m.content }}.{% endgeneration %}"
    "{% else %}[U]{{ m.content }}{% endif %}{% endfor %}"
)
CHAT = {"messages": [{"role": "user", "content": "ab"}, {"role": "assistant", "content": "cd"}]}


def learned(row: dict[str, Any], data_format: str, **tokenizer: str) -> tuple[str, str]:
    """What the model reads, and what of it is learned."""
    template = tokenizer.pop("chat_template", None)
    tokenizer_ = byte_tokenizer(**(tokenizer or {"bos_token": "<s>", "eos_token": "</s>"}))
    tokenizer_.chat_template = template
    [document] = Encoder(tokenizer_, data_format, 128).encode([Row(row, "rows", 1)])
    labels = [label for label in document.labels if label != IGNORED]
    return tokenizer_.decode(list(document.input_ids)), tokenizer_.decode(labels)


def test_text_is_learned_whole() -> None:
    # The first token is learned from nothing, so it is not a label.
    assert learned({"text": "abc"}, "text") == ("abc</s>", "bc</s>")


def test_only_the_output_of_an_instruction_is_learned() -> None:
    read, labels = learned({"instruction": "sort", "input": "b a", "output": "a b"}, "instruction")
    assert read == "### Instruction:\nsort\n\n### Input:\nb a\n\n### Response:\na b</s>"
    assert labels == "a b</s>"
    read, _ = learned({"instruction": "sort", "output": "a b"}, "instruction")
    assert read == "### Instruction:\nsort\n\n### Response:\na b</s>"


def test_assistant_turns_are_learned_where_they_can_be_told() -> None:
    read, labels = learned(CHAT, "chat")
    assert read == "### User:\nab\n\n### Assistant:\ncd</s>\n\n"
    assert labels == "cd</s>"
    assert learned(CHAT, "chat", chat_template=GENERATION_TEMPLATE) == ("[U]ab[A]cd.", "cd.")


def test_a_template_that_does_not_mark_them_has_all_turns_learned() -> None:
    template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    assert learned(CHAT, "chat", chat_template=template) == ("[user]ab[assistant]cd", "user]ab[assistant]cd")


def test_a_tokenizer_without_special_tokens_works() -> None:
    tokenizer = byte_tokenizer()
    [document] = Encoder(tokenizer, "text", 128).encode([Row({"text": "abc"}, "rows", 1)])
    assert tokenizer.decode(list(document.input_ids)) == "abc"


def test_long_and_empty_texts_become_sequences() -> None:
    encoder = Encoder(byte_tokenizer(), "text", 4)
    long, empty = encoder.encode([Row({"text": "abcdefgh"}, "rows", 1), Row({"text": ""}, "rows", 2)])
    assert (len(long), long.label_tokens) == (4, 3)
    assert (len(empty), empty.label_tokens) == (1, 0)


def test_parquet_and_several_files_are_read_like_jsonl(project: Project) -> None:
    rows = text_rows(10)
    project.write_rows(rows)
    project.train("from-jsonl")
    losses = project.metric("loss")
    project.write_rows(rows[:4], "data/first.jsonl")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows[4:]), project.folder / "data/rest.parquet")
    project.train("from-both", data={"train": ["data/first.jsonl", "data/rest.parquet"]})
    assert project.metric("loss") == losses


def jsonl(content: bytes) -> dict[str, bytes]:
    return {"data/train.jsonl": content}


GOOD = b'{"text": "good"}\n'
BAD_DATA: list[tuple[str, dict[str, bytes], dict[str, Any], str]] = [
    (
        "a broken line",
        jsonl(GOOD + b'\n{"text": "bro\n' + GOOD),
        {},
        r'data/train\.jsonl:3 is not JSON \(.*\)\. It begins: \{"text": "bro',
    ),
    (
        "bytes that are no text",
        jsonl(GOOD + b'\xff\xfe{"a"\n'),
        {},
        r"train\.jsonl:2 is not JSON .* begins: \\xff\\xfe",
    ),
    ("a list", jsonl(b"[1, 2]\n"), {}, r"train\.jsonl:1 is not a JSON object\. It begins: \[1, 2\]"),
    ("a very long broken line", jsonl(b"x" * 5000), {}, r"begins: x{80}…$"),
    ("an empty file", jsonl(b"\n\n"), {}, r"data/train\.jsonl: there are no rows"),
    (
        "a missing file",
        {},
        {"train": "data/none.jsonl"},
        r"data/none\.jsonl is not a file of the project folder",
    ),
    (
        "no Parquet",
        {"data/a.parquet": b"text"},
        {"train": "data/a.parquet"},
        r"data/a\.parquet is not a Parquet file",
    ),
    (
        "unknown fields",
        jsonl(b'{"prompt": "a"}\n'),
        {},
        r"format of data/train\.jsonl is not clear: .* has prompt\.",
    ),
    ("a missing field", jsonl(GOOD + b'{"txt": "a"}\n'), {}, r"train\.jsonl:2 has no field text; it has txt"),
    ("a number for text", jsonl(b'{"text": 3}\n'), {}, r"train\.jsonl:1: text is int, not text"),
    (
        "half an instruction",
        jsonl(b'{"instruction": "a"}\n'),
        {"format": "instruction"},
        r"1 has no field output",
    ),
    ("no messages", jsonl(b'{"messages": []}\n'), {}, r"messages is not a list with at least one message"),
    ("no role", jsonl(b'{"messages": [{"content": "a"}]}\n'), {}, r"every message needs role and content"),
    (
        "nothing left to pack",
        jsonl(b'{"instruction": "a", "output": "b"}\n'),
        {"packing": True, "max_length": 8},
        r"No row of data/train\.jsonl has a token to learn within max_length: 8",
    ),
]


@pytest.mark.parametrize(
    ("files", "data", "message"), [case[1:] for case in BAD_DATA], ids=[case[0] for case in BAD_DATA]
)
def test_bad_data_is_refused_with_its_place(
    project: Project, files: dict[str, bytes], data: dict[str, Any], message: str
) -> None:
    for name, content in files.items():
        (project.folder / name).write_bytes(content)
    with pytest.raises(RunFailed, match=message):
        project.train(data=data)
    assert project.of_type("metric") == []


def test_rows_held_out_for_evaluation_are_not_trained_on(project: Project) -> None:
    project.train("run-one", data={"eval_fraction": 0.25}, eval_steps=3)
    assert len(project.metric("loss")) == 8, "16 of 22 rows, 2 a step"
    assert [event["step"] for event in project.of_type("metric") if "eval_loss" in event["values"]] == [
        3,
        6,
        8,
    ]
    losses = project.metric("eval_loss")
    project.train("run-two", data={"eval_fraction": 0.25}, per_device_eval_batch_size=1)
    assert project.metric("eval_loss") == pytest.approx([losses[-1]], rel=1e-5)
    assert losses[-1] < losses[0]


def test_evaluation_data_can_have_its_own_file(project: Project) -> None:
    project.write_rows(text_rows(3), "data/eval.jsonl")
    project.train(data={"eval": "data/eval.jsonl"})
    assert len(project.metric("eval_loss")) == 1
    assert len(project.metric("loss")) == 11


def test_sequences_are_cut_at_what_the_model_takes(project: Project, tmp_path: Path) -> None:
    project.train(max_steps=1, data={"max_length": 100_000})
    [notice] = project.of_type("notice")
    assert "cut at 256 tokens" in notice["message"]
