"""Writes test/goldens/gpt2/<name>.{json,safetensors}: what PyTorch and transformers compute in float64 for small GPT-2s.

Weights and tokens come from an integer hash that the tests repeat, so that only results are stored.

    pip install torch==2.13.0 transformers safetensors && python scripts/make-goldens.py
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from golden_models import CASES, build, hashed

out = Path(__file__).parent.parent / "test" / "goldens" / "gpt2"

def projection(values: torch.Tensor, stream: int) -> float:
    """Of a parameter onto a vector that the tests know: it changes with any element, which a norm may hide."""
    direction = hashed(values.numel(), stream).astype(np.float64) / 2**32 - 0.5
    return float(values.detach().flatten().numpy() @ direction)


def batch(lengths, vocabulary: int, stream: int):
    """Dialogues with tokens, the token each position should predict, and -100 where it is not supervised."""
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
