"""The data of a run: read, checked, split, and made into sequences."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from bottega_engine.finetune.encoder import Encoder
from bottega_engine.finetune.formats import check_rows, choose_format
from bottega_engine.finetune.metrics import notice
from bottega_engine.finetune.order import split_for_evaluation
from bottega_engine.finetune.process_group import gathered
from bottega_engine.finetune.rows import Hook, Row, read_rows
from bottega_engine.finetune.sequences import PackedSequences, RowSequences, Sequences
from bottega_engine.rank_context import RankContext, RunFailed


@dataclass(frozen=True)
class TrainingData:
    train: Sequences
    eval: Sequences | None
    rows: list[Row]


def load_data(
    config: dict[str, Any], context: RankContext, tokenizer: Any, model: Any, hook: Hook | None
) -> TrainingData:
    """The sequences of `config["data"]`. Raises RunFailed for data that cannot be trained on."""
    data = config["data"]
    rows = read_rows(data["train"], context.work_dir, hook)
    data_format = choose_format(data["format"], rows[0])
    eval_rows = read_rows(data["eval"], context.work_dir, hook) if data.get("eval") else []
    check_rows(rows + eval_rows, data_format)
    if not eval_rows and data["eval_fraction"] > 0:
        kept, held_out = split_for_evaluation(len(rows), data["eval_fraction"], config["seed"])
        rows, eval_rows = [rows[number] for number in kept], [rows[number] for number in held_out]
    max_length = _max_length(data["max_length"], model, context)
    encoder = Encoder(tokenizer, data_format, max_length)
    if encoder.learns_every_turn:
        message = "The chat template does not mark what the assistant says: every turn is learned."
        notice(context, "info", message)
    pad_token = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0

    def sequences(of: list[Row]) -> Sequences:
        if not data["packing"]:
            return RowSequences(of, encoder, pad_token)
        packed = PackedSequences(of, encoder, pad_token, max_length)
        if not len(packed):
            raise RunFailed(f"No row of {of[0].file} has a token to learn within max_length: {max_length}.")
        return packed

    return TrainingData(sequences(rows), sequences(eval_rows) if eval_rows else None, rows)


def _max_length(wanted: int, model: Any, context: RankContext) -> int:
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if limit is None or wanted <= limit:
        return wanted
    notice(context, "warning", f"Sequences are cut at {limit} tokens, the most this model takes.")
    return int(limit)


def check_same_data(data: TrainingData, hook: Hook | None, context: RankContext) -> None:
    if context.world_size == 1 or hook is None:
        return
    digest = hashlib.sha256()
    for row in data.rows:
        digest.update(msgspec.json.encode(row.values, enc_hook=str))
    if len(set(gathered(digest.hexdigest()))) > 1:
        raise RunFailed(
            "data.hook gave the ranks different rows.",
            "It must return the same for the same row: no randomness.",
        )
