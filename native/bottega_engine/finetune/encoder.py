"""Rows to tokens."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bottega_engine.finetune import formats
from bottega_engine.finetune.formats import Segment
from bottega_engine.finetune.rows import Row
from bottega_engine.rank_context import RunFailed

IGNORED = -100
"""Label of a token that is not learned, as in torch's cross entropy."""


@dataclass(frozen=True, slots=True)
class Document:
    """Tokens of one row. `labels` are the tokens, or IGNORED; the first is always IGNORED: nothing predicts it."""

    input_ids: array[int]
    labels: array[int]

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def label_tokens(self) -> int:
        return len(self.labels) - self.labels.count(IGNORED)


class Encoder:
    """Encodes rows of one format with one tokenizer; texts longer than `max_length` tokens are cut."""

    def __init__(self, tokenizer: Any, data_format: str, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._format = data_format
        self._max_length = max_length
        self._uses_template = data_format == "chat" and tokenizer.chat_template is not None
        self._marks_assistant = self._uses_template and "{% generation" in tokenizer.chat_template.replace(
            "{%-", "{%"
        )
        self._prefix = _prefix_tokens(tokenizer)
        self._end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]

    @property
    def learns_every_turn(self) -> bool:
        """True when a chat template hides which turns are the assistant's."""
        return self._uses_template and not self._marks_assistant

    def encode(self, rows: list[Row]) -> list[Document]:
        if self._uses_template:
            return [self._encode_with_template(row) for row in rows]
        segmented = [_segments_of[self._format](row) for row in rows]
        texts = [segment.text for segments in segmented for segment in segments]
        tokens = iter(
            self._tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]
        )
        return [self._join(segments, tokens) for segments in segmented]

    def _join(self, segments: list[Segment], tokens: Any) -> Document:
        ids = list(self._prefix)
        labels = [IGNORED] * len(ids)
        for segment in segments:
            piece = next(tokens) + (self._end if segment.ends else [])
            ids += piece
            labels += piece if segment.learned else [IGNORED] * len(piece)
        return self._document(ids, labels)

    def _encode_with_template(self, row: Row) -> Document:
        try:
            encoded = self._tokenizer.apply_chat_template(
                row.values["messages"],
                tokenize=True,
                return_dict=True,
                return_assistant_tokens_mask=self._marks_assistant,
            )
        except Exception as error:
            raise RunFailed(f"{row.place}: the chat template refuses these messages: {error}") from error
        ids = list(encoded["input_ids"])
        mask = encoded["assistant_masks"] if self._marks_assistant else [1] * len(ids)
        labels = [token if learned else IGNORED for token, learned in zip(ids, mask, strict=True)]
        return self._document(ids, labels)

    def _document(self, ids: list[int], labels: list[int]) -> Document:
        # An empty sequence would be a row of masked tokens only, whose attention is NaN.
        ids, labels = (ids[: self._max_length], labels[: self._max_length]) if ids else ([0], [IGNORED])
        labels[0] = IGNORED
        return Document(array("i", ids), array("i", labels))


_segments_of: dict[str, Callable[[Row], list[Segment]]] = {
    "text": formats.text_segments,
    "instruction": formats.instruction_segments,
    "chat": formats.plain_chat_segments,
}


def _prefix_tokens(tokenizer: Any) -> list[int]:
    """What the tokenizer puts before every text, such as a beginning-of-text token."""
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    for start in range(len(full) - len(plain) + 1):
        if full[start : start + len(plain)] == plain:
            return list(full[:start])
    return []
