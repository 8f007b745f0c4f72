"""Fine-tuning of a causal language model, from a resolved config to the final weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from peft import PeftModel
from torch.nn.parallel import DistributedDataParallel

from bottega_engine.finetune import base as bases
from bottega_engine.finetune import checkpoint as checkpoints
from bottega_engine.finetune.branch import say_what_differs
from bottega_engine.finetune.loop import Loop, position_of
from bottega_engine.finetune.loss import Loss, causal_loss, checked
from bottega_engine.finetune.metrics import Metrics, notice
from bottega_engine.finetune.model import (
    ModelSource,
    as_trained,
    check_tokenizer_fits,
    find_model,
    load_adapter,
    load_model,
    load_tokenizer,
    silence_libraries,
)
from bottega_engine.finetune.optimizer import load_moments, make_optimizer, make_schedule
from bottega_engine.finetune.order import DataOrder, ShardedOrder, WholeOrder, steps_of
from bottega_engine.finetune.packing import check_model_keeps_documents_apart
from bottega_engine.finetune.process_group import process_group
from bottega_engine.finetune.random_state import restore_random_state, seed_everything
from bottega_engine.finetune.rows import Hook
from bottega_engine.finetune.sequences import Sequences
from bottega_engine.finetune.step import Training
from bottega_engine.finetune.tokens import Making
from bottega_engine.finetune.training_data import TrainingData, check_same_data, load_data, say_if_not_kept
from bottega_engine.finetune.user_code import load_function
from bottega_engine.profiling import StepRecorder, window_of
from bottega_engine.rank_context import RankContext, RunFailed


def train(config: dict[str, Any], context: RankContext) -> None:
    """One rank of a fine-tuning run, to its end.

    `config` is a FinetuneConfig of the schema with every default filled in. Raises RunFailed for what the person
    can mend and RunStopped when the run was asked to stop.
    """
    silence_libraries()
    if context.rank == 0:
        print(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), flush=True)
    with context.phase("imports"):
        code = _load_user_code(config)
    device = _device(config, context)
    resumed = _find_resumed(config, context)
    with context.phase("model"):
        model, tokenizer = _load(config, context, device, resumed)
    with context.phase("data"):
        data = load_data(config, context, tokenizer, model, code.hook)
    with process_group(context, device):
        check_same_data(data, context)
        loop = _prepare(config, context, device, model, tokenizer, data, code.loss)
        if resumed is not None:
            _resume(loop, resumed)
        _print_summary(loop)
        with (
            Making(data.sources if context.local_rank == 0 else []) as making,
            StepRecorder(context, device, window_of(config.get("profile"))) as recorder,
        ):
            loop.on_first_step = lambda: making.start(loop.order.coming_shards())
            loop.run(recorder)
        say_if_not_kept(data, making.failed, context)


@dataclass(frozen=True)
class UserCode:
    loss: Loss
    hook: Hook | None


def _load_user_code(config: dict[str, Any]) -> UserCode:
    loss_name, hook_name = config.get("loss"), config["data"].get("hook")
    loss = checked(load_function(loss_name, "loss"), loss_name) if loss_name else causal_loss
    return UserCode(loss, load_function(hook_name, "data.hook") if hook_name else None)


def _device(config: dict[str, Any], context: RankContext) -> torch.device:
    if config["resources"]["gpus_per_rank"] == 0:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise RunFailed(
            "The run reserved GPUs, but torch sees none on this node.", "Is it a CUDA build of torch?"
        )
    device = torch.device("cuda", context.local_rank % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device


def _find_resumed(config: dict[str, Any], context: RankContext) -> Path | None:
    wanted = config.get("resume_from_checkpoint")
    if wanted is None:
        return None
    folder = checkpoints.find_checkpoint(wanted, context.runs_dir)
    method = "lora" if (folder / "adapter_config.json").is_file() else "full"
    if method != config["method"]:
        raise RunFailed(
            f"{wanted} was trained with method: {method}, this run has method: {config['method']}."
        )
    return folder


def _load(
    config: dict[str, Any], context: RankContext, device: torch.device, resumed: Path | None
) -> tuple[Any, Any]:
    seed_everything(config["seed"])
    source = find_model(config["model"], config.get("revision"), context.work_dir)
    is_full = config["method"] == "full"
    weights = find_model(str(resumed), None, context.work_dir) if resumed and is_full else source
    taken = None if weights is not source else _take_base(source, config, context)
    if taken is not None:
        model, tokenizer = taken.model, taken.tokenizer
    else:
        model, tokenizer = load_model(weights, context.work_dir), load_tokenizer(source)
    check_tokenizer_fits(tokenizer, model, source.name)
    if tokenizer.eos_token_id is None:
        notice(
            context,
            "warning",
            "The tokenizer has no end-of-text token: the model does not learn where texts end.",
        )
    if taken is None or not taken.is_adapted:
        model = as_trained(model, config)
    if resumed is not None and not is_full:
        load_adapter(model, resumed)
    if device.type != "cpu":
        # Where it is already, looking at every module and weight takes tens of milliseconds.
        model.to(device)
    if config["data"]["packing"]:
        check_model_keeps_documents_apart(model, len(tokenizer), device)
    return model, tokenizer


def _take_base(source: ModelSource, config: dict[str, Any], context: RankContext) -> bases.Taken | None:
    """Model and tokenizer as they lie in memory, where they do."""
    try:
        return bases.take(context.base_key, source, config)
    except bases.BaseDamaged as error:
        notice(context, "warning", f"{error} They are loaded anew.")
        context.emit({"type": "base_damaged"})
        return None


def _prepare(
    config: dict[str, Any],
    context: RankContext,
    device: torch.device,
    model: Any,
    tokenizer: Any,
    data: TrainingData,
    loss: Loss,
) -> Loop:
    order = _order(data.train, config, context)
    max_steps = steps_of(config, order)
    optimizer = make_optimizer(model, config)
    wrapped = model
    if context.world_size > 1:
        wrapped = DistributedDataParallel(
            model, device_ids=[device] if device.type == "cuda" else None, broadcast_buffers=False
        )
    training = Training(
        model=wrapped,
        parameters=[parameter for parameter in model.parameters() if parameter.requires_grad],
        loss=loss,
        optimizer=optimizer,
        schedule=make_schedule(optimizer, config, max_steps),
        device=device,
        bf16=config["bf16"],
        max_grad_norm=config["max_grad_norm"],
        world_size=context.world_size,
    )
    # Ranks drop out different units; everything drawn before was the same on all of them.
    seed_everything(config["seed"] + context.rank)
    metrics = Metrics(context, device)
    return Loop(
        config, context, training, model, tokenizer, data.train, data.eval, order, max_steps, 0, metrics
    )


def _order(train: Sequences, config: dict[str, Any], context: RankContext) -> DataOrder:
    batch_size, accumulation = config["per_device_train_batch_size"], config["gradient_accumulation_steps"]
    sequences_per_step = batch_size * accumulation * context.world_size
    if len(train.shards) == 1:
        return WholeOrder(len(train), config["seed"], sequences_per_step)
    return ShardedOrder(len(train.shards), train.in_shard, train.rows, config["seed"], sequences_per_step)


def _resume(loop: Loop, folder: Path) -> None:
    state = checkpoints.load_state(folder)
    step = state["step"]
    if step >= loop.max_steps:
        raise RunFailed(
            f"{folder.name} is at step {step} and the run ends at step {loop.max_steps}: nothing is left to do.",
            "Raise max_steps or num_train_epochs.",
        )
    try:
        load_moments(loop.training.optimizer, state["optimizer"])
    except ValueError as error:
        raise RunFailed(f"{folder.name} has trained other weights than this run would: {error}") from error
    # What this config says wins over what the checkpoint's run had.
    loop.training.schedule = make_schedule(loop.training.optimizer, loop.config, loop.max_steps, step)
    loop.steps_done = step
    say_what_differs(loop.config, state.get("config"), folder, loop.context)
    ranks = len(state["random"])
    if loop.context.rank < ranks:
        restore_random_state(state["random"][loop.context.rank])
    if state["data"] != position_of(loop.order, step).data:
        message = "Data, batch size or seed differ from the checkpoint's run: the data order starts anew at this step."
        notice(loop.context, "warning", message)
    elif ranks != loop.context.world_size:
        notice(
            loop.context, "info", f"The checkpoint was made by {ranks} ranks: dropout differs from then on."
        )


def _print_summary(loop: Loop) -> None:
    if loop.context.rank != 0:
        return
    trained = sum(parameter.numel() for parameter in loop.training.parameters)
    total = sum(parameter.numel() for parameter in loop.model.parameters())
    what = "adapter" if isinstance(loop.model, PeftModel) else "weights"
    precision = "bfloat16 autocast" if loop.training.bf16 else "float32"
    print(
        f"model      {total:,} parameters, {trained:,} trained ({what}), {precision} on {loop.training.device}"
    )
    held_out = f", {len(loop.eval_data):,} for evaluation" if loop.eval_data is not None else ""
    steps = f"steps      {loop.steps_done + 1} to {loop.max_steps}, {loop.order.sequences_per_step} sequences each"
    if loop.config.get("max_steps") and len(loop.train_data.shards) > 1:
        print(f"data       {loop.train_data.rows:,} rows, packed as they are needed{held_out}")
        print(steps, flush=True)
    else:
        print(f"data       {len(loop.train_data):,} sequences{held_out}")
        print(f"{steps}, {loop.order.steps_per_epoch:,} per epoch", flush=True)
