"""What a row means: which texts the model reads, and which of them it learns to write.

text         `text` is learned whole.
instruction  `instruction`, optional `input`, `output`: only the output is learned. The prompt reads

                 ### Instruction:
                 <instruction>

                 ### Input:
                 <input>

                 ### Response:
                 <output>

             without the input part when there is none.
chat         `messages`, a list of {role, content}. With a chat template in the tokenizer, the template writes
             the text; the assistant turns are learned when it marks them with `{% generation %}`, otherwise
             everything is. Without a template every turn reads `### <Role>:\\n<content>`, and the assistant
             turns are learned, each with an end-of-text token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bottega_engine.finetune.rows import Row
from bottega_engine.rank_context import RunFailed


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a training text. `ends` puts the end-of-text token behind it."""

    text: str
    learned: bool
    ends: bool = False


def choose_format(wanted: str, first_row: Row) -> str:
    """The format of the data; `auto` looks at the fields of the first row."""
    if wanted != "auto":
        return wanted
    fields = first_row.values.keys()
    if "messages" in fields:
        return "chat"
    if "instruction" in fields and "output" in fields:
        return "instruction"
    if "text" in fields:
        return "text"
    raise RunFailed(
        f"The format of {first_row.file} is not clear: its first row has {_listed(list(fields))}.",
        "Rows have text, or instruction and output, or messages; data.hook can rename fields.",
    )


def check_rows(rows: list[Row], data_format: str) -> None:
    """Raises RunFailed for the first row that lacks a field of the format."""
    for row in rows:
        if data_format == "chat":
            _check_messages(row)
        elif data_format == "instruction":
            _check_text(row, "instruction")
            _check_text(row, "output")
            if row.values.get("input") is not None:
                _check_text(row, "input")
        else:
            _check_text(row, "text")


def text_segments(row: Row) -> list[Segment]:
    return [Segment(row.values["text"], learned=True, ends=True)]


def instruction_segments(row: Row) -> list[Segment]:
    given = row.values.get("input")
    given_part = f"### Input:\n{given}\n\n" if given else ""
    prompt = f"### Instruction:\n{row.values['instruction']}\n\n{given_part}### Response:\n"
    return [Segment(prompt, learned=False), Segment(row.values["output"], learned=True, ends=True)]


def plain_chat_segments(row: Row) -> list[Segment]:
    segments = []
    for message in row.values["messages"]:
        if not isinstance(message["content"], str):
            raise RunFailed(
                f"{row.place}: the content of a message is not text, and the tokenizer has no chat template."
            )
        learned = message["role"] == "assistant"
        segments.append(Segment(f"### {str(message['role']).capitalize()}:\n", learned=False))
        segments.append(Segment(message["content"], learned=learned, ends=learned))
        segments.append(Segment("\n\n", learned=False))
    return segments


def _check_text(row: Row, field: str) -> None:
    if field not in row.values:
        raise RunFailed(f"{row.place} has no field {field}; it has {_listed(list(row.values))}.")
    if not isinstance(row.values[field], str):
        raise RunFailed(f"{row.place}: {field} is {type(row.values[field]).__name__}, not text.")


def _check_messages(row: Row) -> None:
    messages: Any = row.values.get("messages")
    if "messages" not in row.values:
        raise RunFailed(f"{row.place} has no field messages; it has {_listed(list(row.values))}.")
    if not isinstance(messages, list) or not messages:
        raise RunFailed(f"{row.place}: messages is not a list with at least one message.")
    if not all(isinstance(message, dict) and {"role", "content"} <= message.keys() for message in messages):
        raise RunFailed(f"{row.place}: every message needs role and content.")


def _listed(fields: list[str]) -> str:
    return ", ".join(fields) if fields else "no fields"
