"""Writes test/goldens/gpt2/mmi.json: what transformers says, in float64, of sources after candidate replies.

The model and its vocabulary are those of test/tiny-run.ts; its weights come from the integer hash of make-goldens.py.

    pip install torch==2.13.0 transformers tokenizers && python scripts/make-mmi-goldens.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel

out = Path(__file__).parent.parent / "test" / "goldens" / "gpt2" / "mmi.json"

MERGES = ["h e", "he l", "l o", "hel lo", "Ġ t", "a n", "i n", "e r", "Ġ a", "o u"]
CONTEXT = 64

CASES = [
    dict(history=["hello"], candidates=["hello there", "i am a bot", "see you soon"]),
    dict(
        history=["do you like tea", "yes a lot", "and where do you live?"],
        candidates=["in a computer", "I don't know.", "über den Wolken 😀", "no"],
    ),
    # Too long: the oldest turns leave, the same for all.
    dict(
        history=["this one does not fit", "nor does this", "what would you like", "tell me"],
        candidates=["nothing", "well, I would like to sleep"],
    ),
    # A newest turn that is too long by itself keeps its beginning.
    dict(
        history=["left out", "one day there was a man who lived in a house by the sea and talked to the wind all day"],
        candidates=["why", "did the wind answer"],
    ),
]


def byte_characters() -> list[str]:
    """How GPT-2 spells each byte: printable ones as themselves, the others from U+0100 on."""
    kept = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in kept else chr(next(others)) for byte in range(256)]


def hashed(count: int, stream: int) -> np.ndarray:
    """uint32: the murmur3 finalizer of stream * 2^20 + index."""
    h = (np.arange(count, dtype=np.uint64) + np.uint64(stream << 20)) & np.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h ^= h >> np.uint64(shift)
        h = (h * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return h


def weight(name: str, shape, stream: int) -> torch.Tensor:
    uniform = hashed(int(np.prod(shape)), stream).astype(np.float64) / 2**32 - 0.5
    values = uniform * 0.3 + (1.0 if name.endswith(("ln_1.weight", "ln_2.weight", "ln_f.weight")) else 0.0)
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(tuple(shape))


words = [*byte_characters(), *(merge.replace(" ", "") for merge in MERGES), "<|endoftext|>"]
vocabulary = {word: index for index, word in enumerate(words)}
tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(merge.split()) for merge in MERGES]))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
end = vocabulary["<|endoftext|>"]

config = GPT2Config(
    vocab_size=len(words), n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=2, n_inner=64,
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
    # The last token is only predicted, so it needs no position.
    logits = model(ids[:, :-1]).logits[0]
    targets = ids[0, 1:].clone()
    targets[: len(candidate) - 1] = -100
    return float(torch.nn.functional.cross_entropy(logits, targets, ignore_index=-100))


records = []
for case in CASES:
    replies = [turn(text) for text in case["candidates"]]
    room = CONTEXT + 1 - max(map(len, replies))
    turns = [turn(text) for text in case["history"]]
    while len(turns) > 1 and sum(map(len, turns)) > room:
        turns.pop(0)
    source = [token for ids in reversed(turns) for token in ids][:room]
    with torch.no_grad():
        losses = [loss(reply, source) for reply in replies]
    records.append(case | dict(kept_turns=len(turns), source_tokens=len(source), losses=losses))
    print(len(turns), "of", len(case["history"]), "turns,", len(source), "tokens:", losses)

out.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n")
