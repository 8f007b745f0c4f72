"""Losses are those of a plain transformers Trainer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import Dataset, Sampler
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

from bottega_engine.finetune.encoder import Encoder
from bottega_engine.finetune.order import WholeOrder
from bottega_engine.finetune.random_state import seed_everything
from bottega_engine.finetune.rows import Row
from bottega_engine.finetune.sequences import RowSequences
from bottega_engine.finetune.tests.conftest import Project, byte_tokenizer, make_config, text_rows, tiny_llama
from bottega_engine.finetune.tokens import Documents

ROWS = 22
STEPS = 9


class InOrder(Dataset[dict[str, Any]]):
    def __init__(self, sequences: RowSequences) -> None:
        self._sequences = sequences

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return {"number": number}

    def collate(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        return self._sequences.batch([item["number"] for item in items]).tensors


class EpochSampler(Sampler[int]):
    """Our order of an epoch, one epoch after the other."""

    def __init__(self, order: WholeOrder) -> None:
        self._order = order
        self._epoch = 0

    def __len__(self) -> int:
        return self._order.sequences

    def __iter__(self) -> Any:
        first = self._epoch * self._order.steps_per_epoch + 1
        self._epoch += 1
        steps = range(first, first + self._order.steps_per_epoch)
        return iter([number for step in steps for number in self._order.step(step)])


class OrderedTrainer(Trainer):
    sampler: EpochSampler

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        return self.sampler


def trainer_logs(project: Project, config: dict[str, Any]) -> list[dict[str, float]]:
    folder = project.folder / "models/tiny"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [Row(row, "train", number) for number, row in enumerate(text_rows(ROWS), 1)]
    encoder = Encoder(tokenizer, "text", config["data"]["max_length"])
    data = InOrder(RowSequences(Documents.of(rows, encoder), 2))
    seed_everything(config["seed"])
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if config["method"] == "lora":
        lora = config["lora"]
        settings = LoraConfig(
            task_type="CAUSAL_LM",
            r=lora["r"],
            lora_alpha=lora["alpha"],
            target_modules=lora["target_modules"],
        )
        model = get_peft_model(model, settings)
    arguments = TrainingArguments(
        output_dir=str(project.folder / "trainer"),
        seed=config["seed"],
        max_steps=STEPS,
        use_cpu=True,
        logging_steps=1,
        save_strategy="no",
        remove_unused_columns=False,
        disable_tqdm=True,
        **{
            key: config[key]
            for key in (
                "learning_rate",
                "lr_scheduler_type",
                "warmup_steps",
                "per_device_train_batch_size",
                "gradient_accumulation_steps",
                "weight_decay",
                "max_grad_norm",
            )
        },
    )
    trainer = OrderedTrainer(model=model, args=arguments, train_dataset=data, data_collator=data.collate)
    batch_size, accumulation = config["per_device_train_batch_size"], config["gradient_accumulation_steps"]
    trainer.sampler = EpochSampler(WholeOrder(ROWS, config["seed"], batch_size * accumulation))
    trainer.train()
    return [entry for entry in trainer.state.log_history if "loss" in entry]


@pytest.mark.parametrize("method", ["full", "lora"])
def test_losses_equal_those_of_the_trainer(project: Project, method: str) -> None:
    (project.folder / "models/tiny").unlink()
    tiny_llama().save_pretrained(project.folder / "models/tiny")
    byte_tokenizer(bos_token="<s>", eos_token="</s>").save_pretrained(project.folder / "models/tiny")
    changes = {
        "method": method,
        "max_steps": STEPS,
        "gradient_accumulation_steps": 3,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 3,
        "weight_decay": 0.1,
    }
    project.train(**changes)
    theirs = trainer_logs(project, make_config(**changes))
    assert len(theirs) == STEPS
    assert project.metric("loss") == pytest.approx([entry["loss"] for entry in theirs], rel=1e-5)
    assert project.metric("grad_norm") == pytest.approx([entry["grad_norm"] for entry in theirs], rel=1e-4)
    assert project.metric("loss")[-1] < project.metric("loss")[0]
