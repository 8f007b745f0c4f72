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
from bottega_engine.finetune.live_change import apply_change
from bottega_engine.finetune.metrics import Metrics, emit_metric, notice
from bottega_engine.finetune.model import save_model
from bottega_engine.finetune.order import DataOrder, rank_batches
from bottega_engine.finetune.process_group import barrier, from_first_rank, object_from_first_rank, summed
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
        while self.steps_done < self.max_steps:
            step = self.steps_done + 1
            self._obey(recorder, step, may_save=step > first)
            if self.steps_done >= self.max_steps:
                self._look_at_new_end()
                break
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
            self.metrics.add(result, sum(batch.tokens for batch in batches), learning_rate)
            if self._is_due(step, self.config["logging_steps"]):
                self.metrics.report(step, self.order.epoch_after(step))
            with self._pause():
                self._look_and_keep(step)
        self._save_final()
        self._say_too_late()

    def _obey(self, recorder: StepRecorder, step: int, may_save: bool) -> None:
        control = self.context.control
        asked, changes = [0, 0, 0], list[dict[str, Any]]()
        if self.context.rank == 0:
            asked = [int(control.stop_requested()), control.profile_request() or 0, 0]
            changes = control.changes()
            asked[2] = len(changes)
        stop, profile_steps, has_changes = from_first_rank(asked)
        if stop:
            save_steps = self.config.get("save_steps")
            if may_save and save_steps and not _divides(save_steps, self.steps_done):
                self._save_checkpoint()
            raise RunStopped(f"stopped after step {self.steps_done}")
        if has_changes:
            end = self.max_steps
            for values in object_from_first_rank(changes):
                apply_change(self, values, recorder)
            if self.max_steps != end and may_save:
                self._emit_running()
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
        if self._is_due(step, self.config.get("eval_steps")):
            self._evaluate(step)
        samples = self.config.get("samples")
        if samples and self._is_due(step, samples["every_steps"]):
            self._write_samples(samples, step)
        if _divides(self.config.get("save_steps"), step):
            self._save_checkpoint()

    def _evaluate(self, step: int) -> None:
        if self.eval_data is None:
            return
        batch_size = self.config["per_device_eval_batch_size"]
        loss = evaluate(self.training, self.model, self.eval_data, batch_size, self.context)
        if self.context.rank == 0:
            emit_metric(self.context, step, {"eval_loss": loss})
            print(f"step {step}  eval_loss {loss:.4g}", flush=True)

    def _write_samples(self, samples: dict[str, Any], step: int) -> None:
        if self.context.rank == 0:
            with self.training.autocast():
                emit_samples(self.model, self.tokenizer, samples, step, self.training.device, self.context)

    def _look_at_new_end(self) -> None:
        """The step that was done last turns out to be the last of all: shows what is shown at the end."""
        if self.metrics.has_steps:
            self.metrics.report(self.steps_done, self.order.epoch_after(self.steps_done))
        samples = self.config.get("samples")
        with self._pause():
            if not _divides(self.config.get("eval_steps"), self.steps_done):
                self._evaluate(self.steps_done)
            if samples and not _divides(samples["every_steps"], self.steps_done):
                self._write_samples(samples, self.steps_done)

    def _say_too_late(self) -> None:
        for values in self.context.control.changes() if self.context.rank == 0 else []:
            notice(self.context, "warning", f"{', '.join(values)}: this change came after the last step.")

    def _is_due(self, step: int, every: int | None) -> bool:
        return step == self.max_steps or _divides(every, step)

    @contextmanager
    def _pause(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.metrics.paused(time.perf_counter() - began)

    def _save_checkpoint(self) -> None:
        # The schedule is a function of config and step.
        state = {"optimizer": self.training.optimizer.state_dict(), "config": self.config}
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


def _divides(every: int | None, step: int) -> bool:
    return every is not None and step % every == 0


def position_of(order: DataOrder, step: int) -> Position:
    return Position(step, order.identity())
