"""Project folders by content: what was sent once is never sent again."""

from bottega_engine.store.blobs import Blobs as Blobs
from bottega_engine.store.tree import InvalidTree as InvalidTree
from bottega_engine.store.tree import lay_out as lay_out
