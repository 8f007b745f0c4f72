"""The rows of data as tokens: made once, kept in shards on the disk, made in the background while training goes on."""

from bottega_engine.finetune.tokens.cache import TokenCache, open_cache
from bottega_engine.finetune.tokens.documents import Documents
from bottega_engine.finetune.tokens.making import Making
from bottega_engine.finetune.tokens.shard import SHARD_ROWS

__all__ = ["SHARD_ROWS", "Documents", "Making", "TokenCache", "open_cache"]
