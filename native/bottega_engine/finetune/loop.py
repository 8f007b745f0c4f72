"""The training loop: steps, and between them what a person wants to see and keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from bottega_engine.finetune import checkpoint as checkpoints
from bottega_engine.finetune.checkpoint import Position
from bottega_engine.finetune.evaluate import evaluate
from bottega_engine.finetune.metrics import Metrics, emit_metric
from bottega_engine.finetune.model import save_model
from bottega_engine.finetune.order import DataOrder, rank_batches
from bottega_engine.finetune.process_group import barrier, from_first_rank, summed
from bottega_engine.finetune.samples import emit_samples
from bottega_engine.finetune.sequences import Sequences, SizedBatch
from bottega_engine.finetune.step import Training, take_step
from bottega_engine.profiling import StepRecorder
from bottega_engine.rank_context import RankContext, RunStopped


@dataclass
class Loop:
    """`model` is the bare model: what is evaluated, asked for samples and saved. `steps_done` grows."""

    config: dict[str, Any]
    context: RankContext
    training: Training
    model: Any
    tokenizer: Any
    train_data: Sequences
    eval_data: Sequences | None
    order: DataOrder
    max_steps: int
    steps_done: int
    metrics: Metrics
    on_first_step: Callable[[], None] = lambda: None

    def run(self, recorder: StepRecorder) -> None:
        """Trains to the last step and saves the final model. Raises RunStopped when asked to stop before."""
        first = self.steps_done + 1
        for step in range(first, self.max_steps + 1):
            self._obey(recorder, step, may_save=step > first)
            with self.context.phase("first_step") if step == first else nullcontext():
                learning_rate = float(self.training.schedule.get_last_lr()[0])
                with recorder.step(step):
                    batches = self._batches(step)
                    label_tokens = int(summed(torch.tensor(sum(batch.label_tokens for batch in batches))))
                    result = take_step(self.training, batches, max(1, label_tokens))
            self.steps_done = step
            if step == first:
                self._emit_running()
                self.on_first_step()
            self.metrics.add(result, sum(batch.tokens for batch in batches))
            if self._is_due(step, self.config["logging_steps"]):
                self.metrics.report(step, self.order.epoch_after(step), learning_rate, result.grad_norm)
            with self._pause():
                self._look_and_keep(step)
        self._save_final()

    def _obey(self, recorder: StepRecorder, step: int, may_save: bool) -> None:
        control = self.context.control
        asked = (
            [int(control.stop_requested()), control.profile_request() or 0]
            if self.context.rank == 0
            else [0, 0]
        )
        stop, profile_steps = from_first_rank(asked)
        if stop:
            saved = self.config.get("save_steps") and self.steps_done % self.config["save_steps"] == 0
            if may_save and self.config.get("save_steps") and not saved:
                self._save_checkpoint()
            raise RunStopped(f"stopped after step {self.steps_done}")
        if profile_steps:
            recorder.request(step, profile_steps)

    def _batches(self, step: int) -> list[SizedBatch]:
        batches = []
        size, ranks = self.config["per_device_train_batch_size"], self.context.world_size
        for numbers, counts in rank_batches(self.order.step(step), size, ranks, self.context.rank):
            batch = self.train_data.batch(numbers)
            batches.append((batch if counts else batch.without_weight()).to(self.training.device))
        return batches

    def _look_and_keep(self, step: int) -> None:
        if self.eval_data is not None and self._is_due(step, self.config.get("eval_steps")):
            batch_size = self.config["per_device_eval_batch_size"]
            loss = evaluate(self.training, self.model, self.eval_data, batch_size, self.context)
            if self.context.rank == 0:
                emit_metric(self.context, step, {"eval_loss": loss})
                print(f"step {step}  eval_loss {loss:.4g}", flush=True)
        samples = self.config.get("samples")
        if samples and self._is_due(step, samples["every_steps"]) and self.context.rank == 0:
            with self.training.autocast():
                emit_samples(self.model, self.tokenizer, samples, step, self.training.device, self.context)
        save_steps = self.config.get("save_steps")
        if save_steps and step % save_steps == 0:
            self._save_checkpoint()

    def _is_due(self, step: int, every: int | None) -> bool:
        return step == self.max_steps or (every is not None and step % every == 0)

    @contextmanager
    def _pause(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.metrics.paused(time.perf_counter() - began)

    def _save_checkpoint(self) -> None:
        state = {
            "optimizer": self.training.optimizer.state_dict(),
            "schedule": self.training.schedule.state_dict(),
        }
        folder = checkpoints.save_checkpoint(
            self.context.output_dir,
            self.context.rank,
            position_of(self.order, self.steps_done),
            lambda folder: save_model(self.model, self.tokenizer, folder),
            state,
        )
        if folder is None:
            return
        self._emit_checkpoint(folder.name, checkpoints.size_of(folder), final=False)
        if limit := self.config.get("save_total_limit"):
            checkpoints.remove_old_checkpoints(self.context.output_dir, limit)

    def _save_final(self) -> None:
        if self.context.rank == 0:
            folder = self.context.output_dir / "final"
            checkpoints.write_folder(folder, lambda: save_model(self.model, self.tokenizer, folder))
            self._emit_checkpoint(folder.name, checkpoints.size_of(folder), final=True)
        barrier()

    def _emit_checkpoint(self, path: str, size_bytes: int, final: bool) -> None:
        event = {
            "type": "checkpoint",
            "step": self.steps_done,
            "path": path,
            "size_bytes": size_bytes,
            "final": final,
        }
        self.context.emit(event)

    def _emit_running(self) -> None:
        if self.context.rank == 0:
            self.context.emit(
                {"type": "status", "state": "running", "reason": "", "max_steps": self.max_steps}
            )


def position_of(order: DataOrder, step: int) -> Position:
    return Position(step, order.identity())
