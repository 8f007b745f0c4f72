"""What tokens depend on, as the name of their cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

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
    """What it does, wherever it was loaded from. Computed once for a tokenizer: with a large vocabulary it takes 0.2 s."""
    if (known := _fingerprints.get(tokenizer)) is not None:
        return known
    backend = (
        tokenizer.backend_tokenizer.to_str()
        if tokenizer.is_fast
        else repr(sorted(tokenizer.get_vocab().items()))
    )
    # Settings beside the backend, such as whether a beginning-of-text token is put first.
    switches = {name: value for name, value in tokenizer.init_kwargs.items() if isinstance(value, bool)}
    said = [type(tokenizer).__name__, tokenizer.special_tokens_map, switches]
    digest = hashlib.sha256(backend.encode())
    digest.update(json.dumps(said, default=str, sort_keys=True).encode())
    _fingerprints[tokenizer] = digest.hexdigest()
    return _fingerprints[tokenizer]


_fingerprints: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def _code() -> list[Any]:
    """The code that encodes, by its bytes, so that nobody has to count versions."""
    sources = [Path(str(module.__file__)).read_bytes() for module in (encoder, formats)]
    versions = [version(name) for name in ("transformers", "tokenizers")]
    return [MAGIC.decode(), SHARD_ROWS, hashlib.sha256(b"".join(sources)).hexdigest(), *versions]
