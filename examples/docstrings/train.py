"""A plain PyTorch and Hugging Face training script. It knows nothing of Bottega, except for two optional lines.

Runs unchanged here (`script.run.yaml`), alone (`python train.py`) and under `torchrun`.
"""

import argparse
import json
import os
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from transformers import AutoModelForCausalLM, AutoTokenizer

try:
    from bottega_engine import report  # draws curves in the run panel
except ImportError:

    def report(values: dict, step: int) -> None:
        print(step, values)


parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--batch-size", type=int, default=8)
parser.add_argument("--learning-rate", type=float, default=1e-3)
arguments = parser.parse_args()

torch.manual_seed(0)
tokenizer = AutoTokenizer.from_pretrained("models/tiny-llama")
model = AutoModelForCausalLM.from_pretrained("models/tiny-llama").train()
optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.learning_rate)

rows = [json.loads(line) for line in Path("data/train.jsonl").read_text("utf-8").splitlines()]
texts = [f"{row['input']}\n{row['output']}{tokenizer.eos_token}" for row in rows]


def collate(batch: list[str]) -> dict[str, torch.Tensor]:
    tokens = tokenizer(batch, padding=True, truncation=True, max_length=128, return_tensors="pt")
    tokens.pop("token_type_ids", None)
    tokens["labels"] = tokens["input_ids"].masked_fill(tokens["attention_mask"] == 0, -100)
    return tokens


loader = DataLoader(texts, batch_size=arguments.batch_size, shuffle=True, collate_fn=collate)
for step, batch in zip(range(1, arguments.steps + 1), loader, strict=False):
    loss = model(**batch).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    report({"loss": loss.item()}, step=step)
    if step % 10 == 0:
        print(f"step {step}  loss {loss.item():.3f}", flush=True)

# What lies in the output folder of the run can be fetched afterwards; alone, there is no such folder.
output = Path(os.environ.get("BOTTEGA_OUTPUT_DIR", "outputs"))
model.save_pretrained(output / "model")
tokenizer.save_pretrained(output / "model")
