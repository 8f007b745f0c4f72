"""Live fields of the config of a run that goes on, applied between two steps on every rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bottega_engine.finetune.metrics import notice
from bottega_engine.finetune.optimizer import make_schedule
from bottega_engine.finetune.order import steps_of
from bottega_engine.live_config import changed
from bottega_engine.profiling import StepRecorder, window_of

if TYPE_CHECKING:
    from bottega_engine.finetune.loop import Loop


def apply_change(loop: Loop, values: dict[str, Any], recorder: StepRecorder) -> None:
    """`values` by dotted key. The next step is the first that sees them; a run that ends now has no next one."""
    loop.config, before = changed(loop.config, values)
    loop.training.max_grad_norm = loop.config["max_grad_norm"]
    if "max_steps" in values:
        loop.max_steps = steps_of(loop.config, loop.order)
    if "max_steps" in values or "learning_rate" in values:
        loop.training.schedule = make_schedule(
            loop.training.optimizer, loop.config, loop.max_steps, loop.steps_done
        )
    if any(key.startswith("profile.") for key in values):
        recorder.plan(window_of(loop.config.get("profile")), loop.steps_done + 1)
    if loop.context.rank == 0:
        step = loop.steps_done + 1
        loop.context.emit({"type": "change", "step": step, "values": values, "before": before})
    if "eval_steps" in values and values["eval_steps"] is not None and loop.eval_data is None:
        notice(loop.context, "warning", "The run has no evaluation data: eval_steps does nothing.")
