"""The data of a run: read, checked, split, and made into sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bottega_engine.finetune.encoder import Encoder
from bottega_engine.finetune.metrics import notice
from bottega_engine.finetune.order import split_for_evaluation
from bottega_engine.finetune.process_group import gathered
from bottega_engine.finetune.rows import Hook
from bottega_engine.finetune.sequences import PackedSequences, RowSequences, Sequences
from bottega_engine.finetune.source import Source, open_source, say_not_kept
from bottega_engine.finetune.tokens import Documents
from bottega_engine.rank_context import RankContext, RunFailed


@dataclass(frozen=True)
class TrainingData:
    """`hooked` is the fingerprint of what the hook returned. `sources` are the documents behind the sequences."""

    train: Sequences
    eval: Sequences | None
    sources: list[Documents]
    hooked: str


def load_data(
    config: dict[str, Any], context: RankContext, tokenizer: Any, model: Any, hook: Hook | None
) -> TrainingData:
    """The sequences of `config["data"]`. Raises RunFailed for data that cannot be trained on."""
    data = config["data"]
    max_length = _max_length(data["max_length"], model, context)
    train = open_source(data["train"], data["format"], max_length, tokenizer, hook, context)
    sources, eval_source = [train], None
    if data.get("eval"):
        eval_source = open_source(data["eval"], train.format, max_length, tokenizer, hook, context)
        sources.append(eval_source)
    if Encoder(tokenizer, train.format, max_length).learns_every_turn:
        message = "The chat template does not mark what the assistant says: every turn is learned."
        notice(context, "info", message)
    pad_token = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0

    def sequences(source: Source, rows: Sequence[int] | None = None) -> Sequences:
        if data["packing"]:
            return PackedSequences(source.documents, pad_token, max_length, rows)
        return RowSequences(source.documents, pad_token, rows)

    kept, held_out = None, None
    if eval_source is None and data["eval_fraction"] > 0:
        count = len(train.documents)
        kept, held_out = split_for_evaluation(count, data["eval_fraction"], config["seed"])
        eval_source = train
    all_data = TrainingData(
        sequences(train, kept),
        sequences(eval_source, held_out) if eval_source else None,
        [source.documents for source in sources],
        "".join(source.hooked for source in sources),
    )
    _tokenize(all_data, config, context)
    return all_data


def _tokenize(data: TrainingData, config: dict[str, Any], context: RankContext) -> None:
    """Makes what must be there before the first step: packed sequences are known when their rows are tokenized."""
    if not config["data"]["packing"]:
        return
    train = data.sources[0]
    if not config.get("max_steps") and len(missing := train.missing()) > 1:
        message = (
            f"All {len(train):,} rows are tokenized before the first step: with packing their number of steps is known "
            "only then. With max_steps training begins at once."
        )
        notice(context, "info", message)
        train.make(missing)
    is_whole = not config.get("max_steps") or len(data.train.shards) == 1
    for sequences in [data.train] if data.eval is None else [data.train, data.eval]:
        if (is_whole or sequences is data.eval) and not len(sequences):
            file = config["data"]["train"]
            name = file if isinstance(file, str) else file[0]
            raise RunFailed(
                f"No row of {name} has a token to learn within max_length: {config['data']['max_length']}."
            )


def _max_length(wanted: int, model: Any, context: RankContext) -> int:
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if limit is None or wanted <= limit:
        return wanted
    notice(context, "warning", f"Sequences are cut at {limit} tokens, the most this model takes.")
    return int(limit)


def check_same_data(data: TrainingData, context: RankContext) -> None:
    if context.world_size > 1 and len(set(gathered(data.hooked))) > 1:
        raise RunFailed(
            "data.hook gave the ranks different rows.",
            "It must return the same for the same row: no randomness.",
        )


def say_if_not_kept(data: TrainingData, failed: bool, context: RankContext) -> None:
    """The disk may have become full after the cache was begun."""
    failure = next((source.failure for source in data.sources if source.failure), None)
    if failure is not None or failed:
        say_not_kept(failure or OSError("the disk is full or read-only"), context)
