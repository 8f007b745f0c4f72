"""The numbers of a run: metric events, and one line for a person who reads the log."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
import torch

from bottega_engine.finetune.process_group import largest, summed
from bottega_engine.finetune.step import StepResult
from bottega_engine.rank_context import RankContext


@dataclass
class Metrics:
    """Gathers steps and, when asked, reports them as one metric event from rank 0.

    `tokens_per_second` counts the tokens of all ranks without padding; `memory_bytes` is the peak on the device of
    the fullest rank, or the resident memory of its process when it trains on CPUs.
    """

    context: RankContext
    device: torch.device
    _losses: list[torch.Tensor] = field(default_factory=list)
    _tokens: int = 0
    _learning_rate: float = 0.0
    _grad_norm: torch.Tensor | None = None
    _began: float = field(default_factory=time.perf_counter)
    _paused_seconds: float = 0.0

    @property
    def has_steps(self) -> bool:
        """Whether a step has not been reported yet."""
        return bool(self._losses)

    def add(self, result: StepResult, tokens: int, learning_rate: float) -> None:
        """`tokens` are those of this rank."""
        self._losses.append(result.loss)
        self._tokens += tokens
        self._learning_rate, self._grad_norm = learning_rate, result.grad_norm

    def paused(self, seconds: float) -> None:
        """Time since the last report that was no training: evaluation, samples, saving."""
        self._paused_seconds += seconds

    def report(self, step: int, epoch: float) -> None:
        """Called by every rank at the same step, after at least one step."""
        assert self._grad_norm is not None
        loss = summed(torch.stack(self._losses).mean()).item()
        tokens = summed(torch.tensor(self._tokens)).item()
        seconds = time.perf_counter() - self._began - self._paused_seconds
        values = {
            "loss": loss,
            "learning_rate": self._learning_rate,
            "grad_norm": self._grad_norm.item(),
            "tokens_per_second": tokens / seconds,
            "step_seconds": seconds / len(self._losses),
            "memory_bytes": largest(_memory_bytes(self.device)),
            "epoch": epoch,
        }
        self._losses, self._tokens, self._paused_seconds, self._began = [], 0, 0.0, time.perf_counter()
        if self.context.rank == 0:
            emit_metric(self.context, step, values)
            print(_line(step, values), flush=True)


def emit_metric(context: RankContext, step: int, values: dict[str, float]) -> None:
    """NaN and infinities become null, and a warning says so."""
    finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
    context.emit({"type": "metric", "step": step, "values": finite})
    odd = [f"{name} is {values[name]}" for name, value in finite.items() if value is None]
    if odd:
        notice(context, "warning", f"Step {step}: {', '.join(odd)}.")


def notice(context: RankContext, level: str, message: str) -> None:
    if context.rank == 0:
        context.emit({"type": "notice", "level": level, "message": message})


def _line(step: int, values: dict[str, Any]) -> str:
    return (
        f"step {step}  loss {values['loss']:.4g}  lr {values['learning_rate']:.1e}  "
        f"grad {values['grad_norm']:.2g}  {values['step_seconds']:.2f} s"
    )


def _memory_bytes(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return float(psutil.Process().memory_info().rss)
