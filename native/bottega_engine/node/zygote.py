"""The zygote: a process with every library imported that forks the ranks of runs, and templates.

    python -m bottega_engine.node.zygote <descriptor>

The descriptor is its end of the channel: see fork_server.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from bottega_engine.node.fork_server import ForkServer
from bottega_engine.node.preload import preload


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Path("/proc/self/comm").write_text("bottega-zygote")
    preload()
    ForkServer(channel).serve()
    # Taking the libraries apart would take longer than they are worth, and print what they leak.
    os._exit(0)


if __name__ == "__main__":
    main()
