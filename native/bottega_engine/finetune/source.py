"""Files of data as documents. Their rows are read only when the token cache does not have all that is needed."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bottega_engine.finetune.encoder import Encoder
from bottega_engine.finetune.formats import check_rows, choose_format
from bottega_engine.finetune.metrics import notice
from bottega_engine.finetune.rows import Hook, Row, find_data, read_rows
from bottega_engine.finetune.tokens import Documents, TokenCache, open_cache
from bottega_engine.finetune.tokens.cache import RowsKnown
from bottega_engine.finetune.tokens.fingerprint import files_fingerprint, rows_fingerprint, tokens_key
from bottega_engine.rank_context import RankContext


@dataclass(frozen=True)
class Source:
    """`hooked` is the fingerprint of the rows that the hook returned; empty without a hook."""

    documents: Documents
    format: str
    hooked: str


def open_source(
    files: str | list[str],
    data_format: str,
    max_length: int,
    tokenizer: Any,
    hook: Hook | None,
    context: RankContext,
) -> Source:
    """Raises RunFailed for data that cannot be trained on."""
    names = [files] if isinstance(files, str) else files
    paths = [find_data(name, context.work_dir) for name in names]
    # Called where rows are missing, which may be never.
    rows = cache(lambda: read_rows(names, context.work_dir, hook))
    hooked = rows_fingerprint(rows()) if hook else ""
    cached: TokenCache | None = None
    known: RowsKnown | None = None
    try:
        if context.tokens_dir is not None:
            data = hooked or files_fingerprint(paths)
            cached = open_cache(context.tokens_dir, tokens_key(data, tokenizer, data_format, max_length))
            known = cached.rows()
        if known is None:
            known = _checked(rows, data_format)
            if cached is not None:
                cached.remember(known, names)
    except OSError as error:
        cached = None
        say_not_kept(error, context)
    known = known or _checked(rows, data_format)
    encoder = Encoder(tokenizer, known.format, max_length)
    return Source(
        Documents(known.rows, rows, encoder, cached.shards if cached else None), known.format, hooked
    )


def _checked(rows: Callable[[], list[Row]], data_format: str) -> RowsKnown:
    all_rows = rows()
    chosen = choose_format(data_format, all_rows[0])
    check_rows(all_rows, chosen)
    return RowsKnown(len(all_rows), chosen)


def say_not_kept(error: OSError, context: RankContext) -> None:
    why = (
        "there is no space left on the disk" if error.errno == errno.ENOSPC else str(error.strerror or error)
    )
    notice(context, "warning", f"The tokens of the data are not kept for later runs: {why}.")
