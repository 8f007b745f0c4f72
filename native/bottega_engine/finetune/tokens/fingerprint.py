"""What tokens depend on, as the name of their cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from bottega_engine.finetune import encoder, formats
from bottega_engine.finetune.rows import Row
from bottega_engine.finetune.tokens.shard import MAGIC, SHARD_ROWS


def tokens_key(data: str, tokenizer: Any, data_format: str, max_length: int) -> str:
    """`data` is the fingerprint of files or rows. Packing and the rows held out are no part: they come after."""
    parts = [
        data,
        tokenizer_fingerprint(tokenizer),
        tokenizer.chat_template,
        data_format,
        max_length,
        _code(),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


def files_fingerprint(paths: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(path.suffix.encode() + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def rows_fingerprint(rows: list[Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(msgspec.json.encode(row.values, enc_hook=str))
        digest.update(b"\n")
    return digest.hexdigest()


def tokenizer_fingerprint(tokenizer: Any) -> str:
    backend = (
        tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else sorted(tokenizer.get_vocab().items())
    )
    said = [type(tokenizer).__name__, backend, tokenizer.special_tokens_map, _prefixing(tokenizer)]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def _prefixing(tokenizer: Any) -> dict[str, Any]:
    """Settings that lie beside the backend, such as whether a beginning-of-text token is put first."""
    return {
        name: value
        for name, value in sorted(tokenizer.init_kwargs.items())
        if isinstance(value, bool | int | str)
    }


def _code() -> list[Any]:
    """The code that encodes, by its bytes, so that nobody has to count versions."""
    sources = [Path(str(module.__file__)).read_bytes() for module in (encoder, formats)]
    versions = [version(name) for name in ("transformers", "tokenizers")]
    return [MAGIC.decode(), SHARD_ROWS, hashlib.sha256(b"".join(sources)).hexdigest(), *versions]
