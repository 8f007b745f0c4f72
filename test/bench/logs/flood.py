"""Prints so many lines a second for so many seconds: `flood.py 16667 60 [to a file]`. Each has its number and its time."""

import sys
import time
from pathlib import Path

TURN_S = 0.01

rate, seconds = float(sys.argv[1]), float(sys.argv[2])
if len(sys.argv) > 3:
    sys.stdout = Path(sys.argv[3]).open("w", buffering=1)  # noqa: SIM115
began = time.perf_counter()
printed = 0
while (elapsed := time.perf_counter() - began) < seconds:
    for _ in range(printed, int(elapsed * rate)):
        printed += 1
        print(
            f"{printed:09d} {time.time() * 1000:.1f} epoch 3 | loss 2.4137 | grad_norm 0.713 | lr 1.9e-4 | x".ljust(
                79, "."
            )
        )
    time.sleep(TURN_S)
print(f"printed {printed} lines in {time.perf_counter() - began:.1f} s", flush=True)
