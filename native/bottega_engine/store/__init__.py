"""Project folders by content: what was sent once is never sent again."""

from bottega_engine.store.blobs import Blobs as Blobs
from bottega_engine.store.layout import Layout as Layout
from bottega_engine.store.tree import InvalidTree as InvalidTree
from bottega_engine.store.tree import check_tree as check_tree
