"""A rank in a new interpreter: slower, and from its first line on the same as a forked one.

python -m bottega_engine.node.cold <descriptors>
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass

from bottega_engine.node.forking_process import Forked, ZygoteFailed
from bottega_engine.node.zygotes import clean_environment


@dataclass
class Interpreters:
    """A Forker that needs no zygote. `overlay` is a folder that comes first in the search path."""

    living: set[int]
    overlay: str = ""

    async def fork(self, descriptors: list[int]) -> Forked:
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bottega_engine.node.cold", *map(str, descriptors)),
                pass_fds=descriptors,
                stdin=asyncio.subprocess.DEVNULL,
                env=clean_environment(self.overlay),
            )
        except OSError as error:
            raise ZygoteFailed(f"No interpreter could be started: {error.strerror}.") from error
        self.living.add(child.pid)
        return child.pid, asyncio.ensure_future(child.wait())


def main() -> None:
    from bottega_engine.node.rank import run_rank

    descriptors = [int(number) for number in sys.argv[1:]]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    run_rank(descriptors)


if __name__ == "__main__":
    main()
