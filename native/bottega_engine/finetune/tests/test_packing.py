"""Packing loses nothing, and packed documents never see each other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel, MambaConfig, MambaForCausalLM

from bottega_engine.finetune.encoder import IGNORED, Encoder
from bottega_engine.finetune.loss import causal_loss
from bottega_engine.finetune.packing import check_model_keeps_documents_apart, pack
from bottega_engine.finetune.rows import Row
from bottega_engine.finetune.sequences import PackedSequences, RowSequences
from bottega_engine.finetune.tests.conftest import Project, byte_tokenizer, text_rows, tiny_llama
from bottega_engine.finetune.tokens import Documents
from bottega_engine.rank_context import RunFailed

CPU = torch.device("cpu")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 16), max_size=60))
def test_every_document_is_packed_once_and_no_sequence_overflows(lengths: list[int]) -> None:
    packed = pack(lengths, 16)
    assert sorted(index for sequence in packed for index in sequence) == list(range(len(lengths)))
    assert all(0 < sum(lengths[index] for index in sequence) <= 16 for sequence in packed)
    assert pack(lengths, 16) == packed


def test_a_document_longer_than_a_sequence_is_refused() -> None:
    with pytest.raises(ValueError, match="17 tokens, more than 16"):
        pack([3, 17], 16)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(alphabet="abcdefgh ", min_size=1, max_size=12), min_size=1, max_size=20),
    batch_size=st.integers(1, 4),
)
def test_every_token_appears_once_and_no_label_crosses_documents(texts: list[str], batch_size: int) -> None:
    tokenizer = byte_tokenizer(bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    encoder = Encoder(tokenizer, "text", max_length=14)
    rows = [Row({"text": text}, "texts", number) for number, text in enumerate(texts, 1)]
    sequences = PackedSequences(Documents.of(rows, encoder), pad_token=2, max_length=14)
    found = []
    for start in range(0, len(sequences), batch_size):
        batch = sequences.batch(range(start, min(start + batch_size, len(sequences)))).tensors
        assert "attention_mask" not in batch
        assert batch["input_ids"].shape[1] <= 14
        for ids, labels, positions in zip(*(batch[key].tolist() for key in _keys), strict=True):
            starts = [place for place, position in enumerate(positions) if position == 0]
            for begin, end in zip(starts, [*starts[1:], len(ids)], strict=True):
                assert positions[begin:end] == list(range(end - begin))
                assert labels[begin] == IGNORED
                assert labels[begin + 1 : end] in (ids[begin + 1 : end], [IGNORED] * (end - begin - 1))
                if any(label != IGNORED for label in labels[begin:end]):
                    found.append(ids[begin:end])
    assert sorted(found) == sorted(list(document.input_ids) for document in encoder.encode(rows))


_keys = ("input_ids", "labels", "position_ids")


def documents(tokenizer: Any, packed: bool) -> PackedSequences | RowSequences:
    encoder = Encoder(tokenizer, "text", max_length=64)
    rows = [Row(row, "train", number) for number, row in enumerate(text_rows(12), 1)]
    source = Documents.of(rows, encoder)
    return PackedSequences(source, 2, 64) if packed else RowSequences(source, 2)


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_logits_and_loss_are_those_of_each_document_alone(
    tiny_model: Path, batch_size: int, attention: str
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = tiny_llama(attn_implementation=attention)
    packed, single = documents(tokenizer, packed=True), documents(tokenizer, packed=False)
    alone = {}
    total, label_tokens = 0.0, 0
    for number in range(len(single)):
        batch = single.batch([number])
        ids = tuple(batch.tensors["input_ids"][0].tolist())
        alone[ids] = model(input_ids=batch.tensors["input_ids"]).logits[0]
        total += causal_loss(model, batch.tensors).item() * batch.label_tokens
        label_tokens += batch.label_tokens
    assert len(packed) > batch_size, "several packed sequences, so that a batch has rows that differ"
    packed_total, compared = 0.0, 0
    for start in range(0, len(packed), batch_size):
        batch = packed.batch(range(start, min(start + batch_size, len(packed))))
        packed_total += causal_loss(model, batch.tensors).item() * batch.label_tokens
        logits = model(
            **{key: batch.tensors[key] for key in ("input_ids", "position_ids")}, use_cache=False
        ).logits
        for row, positions in enumerate(batch.tensors["position_ids"].tolist()):
            starts = [place for place, position in enumerate(positions) if position == 0]
            for begin, end in zip(starts, [*starts[1:], len(positions)], strict=True):
                ids = tuple(batch.tensors["input_ids"][row, begin:end].tolist())
                if ids in alone:
                    torch.testing.assert_close(logits[row, begin:end], alone[ids], rtol=1e-4, atol=1e-5)
                    compared += 1
    assert compared == 12
    assert packed_total / label_tokens == pytest.approx(total / label_tokens, rel=1e-5)


def test_models_that_mix_documents_are_found_out() -> None:
    check_model_keeps_documents_apart(tiny_llama(), 260, CPU)
    check_model_keeps_documents_apart(
        GPT2LMHeadModel(GPT2Config(vocab_size=260, n_embd=32, n_layer=1, n_head=2)), 260, CPU
    )
    mamba = MambaForCausalLM(MambaConfig(vocab_size=260, hidden_size=16, num_hidden_layers=1, state_size=4))
    with pytest.raises(RunFailed, match="cannot be trained with data.packing"):
        check_model_keeps_documents_apart(mamba, 260, CPU)
    leaky = tiny_llama()
    forward = leaky.forward

    def with_mask(**inputs: Any) -> SimpleNamespace:
        return forward(**inputs, attention_mask=torch.ones_like(inputs["input_ids"]))  # type: ignore[return-value]

    leaky.forward = with_mask
    with pytest.raises(RunFailed, match="its documents would see each other"):
        check_model_keeps_documents_apart(leaky, 260, CPU)


def test_a_packed_run_learns_in_fewer_steps_an_epoch(project: Project) -> None:
    project.train("plain", num_train_epochs=1)
    plain_steps = len(project.metric("loss"))
    project.train("packed", num_train_epochs=1, data={"packing": True})
    assert len(project.metric("loss")) < plain_steps / 1.5
