"""Index one trace in a process of its own: `python -m bottega_engine.traces <trace.json.gz>` prints the path."""

import sys
from pathlib import Path

from .index import arrow_of

if __name__ == "__main__":
    print(arrow_of(Path(sys.argv[1])))
