"""A tiny Llama and its byte-level BPE tokenizer, trained from nothing on the text it is given."""

from __future__ import annotations

import math
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 4096
CONTEXT = 512
END, PADDING = "<|end|>", "<|padding|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}### {{ message.role | capitalize }}:\n"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}<|end|>{% endgeneration %}"
    "{% else %}{{ message.content }}{% endif %}\n\n{% endfor %}"
    "{% if add_generation_prompt %}### Assistant:\n{% endif %}"
)

STEPS = 500
WARMUP_STEPS = 20
BATCH, LENGTH = 8, 128
PEAK_LEARNING_RATE = 2e-3


def make_base_model(texts: list[str], folder: Path) -> None:
    tokenizer = train_tokenizer(texts)
    tokens = torch.tensor(
        [token for text in tokenizer(texts)["input_ids"] for token in (*text, tokenizer.eos_token_id)]
    )
    model = train_model(tokens, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=PADDING)
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.model_max_length = CONTEXT
    return wrapped


def tiny_llama(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=6,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def train_model(tokens: torch.Tensor, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Windows of the text in random order; a fixed number of steps, so that the result does not depend on the clock."""
    torch.manual_seed(0)
    model = tiny_llama(tokenizer).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK_LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.05
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _learning_rate_share)
    began = time.perf_counter()
    for step in range(1, STEPS + 1):
        starts = torch.randint(len(tokens) - LENGTH, (BATCH,))
        batch = torch.stack([tokens[start : start + LENGTH] for start in starts])
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(
                f"step {step}/{STEPS}  loss {loss.item():.3f}  {time.perf_counter() - began:.0f} s",
                flush=True,
            )
    return model.eval()


def _learning_rate_share(step: int) -> float:
    """A linear warm-up, then a cosine down to a tenth."""
    if step < WARMUP_STEPS:
        return (step + 1) / WARMUP_STEPS
    return 0.55 + 0.45 * math.cos(math.pi * (step - WARMUP_STEPS) / (STEPS - WARMUP_STEPS))
