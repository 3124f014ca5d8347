"""Writes test/goldens/gpt2/<name>.{json,safetensors}: the results of PyTorch and transformers for small GPT-2s in float64.

Weights and tokens come from an integer hash that the tests repeat, so that only results are stored. It also writes mmi.json:
the loss of sources after candidate replies, for the model and vocabulary of test/tiny-run.ts.

    pip install torch==2.13.0 transformers safetensors tokenizers && python scripts/make-goldens.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel

from golden_models import CASES, build, hashed, weight

out = Path(__file__).parent.parent / "test" / "goldens" / "gpt2"


def projection(values: torch.Tensor, stream: int) -> float:
    """The projection of a parameter onto a vector that the tests know. Unlike a norm, it shows a change in any element."""
    direction = hashed(values.numel(), stream).astype(np.float64) / 2**32 - 0.5
    return float(values.detach().flatten().numpy() @ direction)


def batch(lengths, vocabulary: int, stream: int):
    """Dialogues as (tokens, targets). The target of a position without supervision is -100."""
    dialogues = []
    for place, length in enumerate(lengths):
        words = hashed(length + 1, stream + 2 * place) % np.uint64(vocabulary)
        kept = hashed(length, stream + 2 * place + 1) % np.uint64(4) != 0
        kept[-1] = True
        targets = np.where(kept, words[1:].astype(np.int64), -100)
        dialogues.append((torch.from_numpy(words[:-1].astype(np.int64)), torch.from_numpy(targets)))
    return dialogues


def loss_sum(model, dialogues):
    total, logits = 0.0, []
    for tokens, targets in dialogues:
        out = model(tokens[None]).logits[0]
        total = total + torch.nn.functional.cross_entropy(out, targets, ignore_index=-100, reduction="sum")
        logits.append(out.detach())
    return total, torch.cat(logits)


def supervised(batches) -> int:
    return sum(int((targets != -100).sum()) for dialogues in batches for _, targets in dialogues)


for name, case in CASES.items():
    model = build(name)
    config = model.config
    parameters = {n.removeprefix("transformer."): p for n, p in model.named_parameters()}
    batches = [batch(lengths, config.vocab_size, 100 + 20 * i) for i, lengths in enumerate(case["lengths"])]

    total, logits = loss_sum(model, batches[0])
    loss = total / supervised(batches[:1])
    loss.backward()
    tensors = {"logits": logits.numpy().astype(np.float32)}
    for key, parameter in parameters.items():
        tensors[f"grad.{key}"] = parameter.grad.numpy().astype(np.float32)

    matrices = [p for p in parameters.values() if p.dim() > 1]
    vectors = [p for p in parameters.values() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [dict(params=matrices, weight_decay=0.1), dict(params=vectors, weight_decay=0.0)], lr=1e-3
    )
    model.zero_grad()
    losses, norms = [], []
    for _ in range(20):
        window = supervised(batches)
        step_loss = 0.0
        for dialogues in batches:
            total, _ = loss_sum(model, dialogues)
            (total / window).backward()
            step_loss += total.item() / window
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        losses.append(step_loss)
        optimizer.step()
        optimizer.zero_grad()
    for key, parameter in parameters.items():
        if parameter.dim() == 1:
            tensors[f"after.{key}"] = parameter.detach().numpy().astype(np.float32)

    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / f"{name}.safetensors")
    record = dict(
        config=config.to_diff_dict() | case["config"], names=list(parameters), lengths=case["lengths"],
        loss=loss.item(), losses=losses, norms=norms,
        parameter_norms={k: float(p.detach().norm()) for k, p in parameters.items()},
        projections={k: projection(p, 500 + i) for i, (k, p) in enumerate(parameters.items())},
    )
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    print(name, loss.item(), losses[-1], sum(p.numel() for p in parameters.values()))


MERGES = ["h e", "he l", "l o", "hel lo", "Ġ t", "a n", "i n", "e r", "Ġ a", "o u"]
CONTEXT_LENGTH = 64

MMI_CASES = [
    dict(history=["hello"], candidates=["hello there", "i am a bot", "see you soon"]),
    dict(
        history=["do you like tea", "yes a lot", "and where do you live?"],
        candidates=["in a computer", "I don't know.", "über den Wolken 😀", "no"],
    ),
    # Too long: the oldest turns are dropped, the same ones for all candidates.
    dict(
        history=["this one does not fit", "nor does this", "what would you like", "tell me"],
        candidates=["nothing", "well, I would like to sleep"],
    ),
    # The newest turn alone is too long: its beginning is kept.
    dict(
        history=["left out", "one day there was a man who lived in a house by the sea and talked to the wind all day"],
        candidates=["why", "did the wind answer"],
    ),
]


def byte_characters() -> list[str]:
    """The character that GPT-2 uses for each byte: printable bytes map to themselves, the others from U+0100 on."""
    kept = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in kept else chr(next(others)) for byte in range(256)]


words = [*byte_characters(), *(merge.replace(" ", "") for merge in MERGES), "<|endoftext|>"]
vocabulary = {word: index for index, word in enumerate(words)}
tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(merge.split()) for merge in MERGES]))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
end = vocabulary["<|endoftext|>"]

config = GPT2Config(
    vocab_size=len(words), n_positions=CONTEXT_LENGTH, n_embd=32, n_layer=2, n_head=2, n_inner=64,
    resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=end, eos_token_id=end,
)
model = GPT2LMHeadModel._from_config(config, attn_implementation="eager").double().eval()
with torch.no_grad():
    for stream, (name, parameter) in enumerate(model.named_parameters()):
        parameter.copy_(weight(name, parameter.shape, stream + 1))


def turn(text: str) -> list[int]:
    return [*tokenizer.encode(text).ids, end]


def loss(candidate: list[int], source: list[int]) -> float:
    ids = torch.tensor([candidate + source])
    # The last token is only a target, not an input.
    logits = model(ids[:, :-1]).logits[0]
    targets = ids[0, 1:].clone()
    targets[: len(candidate) - 1] = -100
    return float(torch.nn.functional.cross_entropy(logits, targets, ignore_index=-100))


records = []
for case in MMI_CASES:
    replies = [turn(text) for text in case["candidates"]]
    room = CONTEXT_LENGTH + 1 - max(map(len, replies))
    turns = [turn(text) for text in case["history"]]
    while len(turns) > 1 and sum(map(len, turns)) > room:
        turns.pop(0)
    source = [token for ids in reversed(turns) for token in ids][:room]
    with torch.no_grad():
        losses = [loss(reply, source) for reply in replies]
    records.append(case | dict(kept_turns=len(turns), source_tokens=len(source), losses=losses))
    print(len(turns), "of", len(case["history"]), "turns,", len(source), "tokens:", losses)

(out / "mmi.json").write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n")
