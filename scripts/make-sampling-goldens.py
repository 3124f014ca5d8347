"""Writes src/generate/sampling-goldens.json: the output of transformers' logits processors for random logits.

    pip install torch transformers && python scripts/make-sampling-goldens.py

A case has `settings` as GenerationConfig names them, a vector of `logits`, a `history` of tokens whose last `newTokens`
belong to the reply, the `processed` float32 logits (null: -Infinity), and the float64 sampling `probabilities` after
temperature, top-k, top-p and min-p (0: not kept). transformers decides which processors apply, and in which order. Some
logits are rounded, so that many are equal, except where top-p would have to choose among equal ones.
"""

import json
import pathlib

import torch
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

V = 60
END_OF_TEXT = 59

PROCESSORS = [
    dict(repetition_penalty=1.3),
    dict(repetition_penalty=0.7),
    dict(no_repeat_ngram_size=1),
    dict(no_repeat_ngram_size=2),
    dict(no_repeat_ngram_size=3),
    dict(no_repeat_ngram_size=4),
    dict(min_new_tokens=3),
    dict(min_new_tokens=4),
    dict(repetition_penalty=1.2, no_repeat_ngram_size=2, min_new_tokens=8),
]
WARPERS = [
    dict(),
    dict(temperature=0.7),
    dict(temperature=2.5),
    dict(top_k=1),
    dict(top_k=7),
    dict(top_k=59),
    dict(top_k=200),
    dict(top_p=0.9),
    dict(top_p=0.3),
    dict(top_p=0.01),
    dict(top_p=0.999),
    dict(min_p=0.05),
    dict(min_p=0.5),
    dict(min_p=1.0),
    dict(temperature=0.8, top_k=40, top_p=0.9),
    dict(temperature=1.7, top_k=12, top_p=0.8, min_p=0.1),
    dict(temperature=0.5, top_p=0.95, min_p=0.02, repetition_penalty=1.3, no_repeat_ngram_size=2),
]


def short(row):
    """Nine digits are enough to distinguish every float32 from its neighbours."""
    return [float(f"{x:.9g}") for x in row.tolist()]


def main():
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=V, n_positions=32, n_embd=4, n_layer=1, n_head=1))
    cases = []
    for index, settings in enumerate([*PROCESSORS, *WARPERS, *WARPERS]):
        rounded = index >= len(PROCESSORS) + len(WARPERS)
        if rounded and "top_p" in settings:
            continue
        history = torch.randint(0, 6 if "no_repeat_ngram_size" in settings else V, (2 if index % 4 == 3 else 24,))
        logits = torch.randn(V) * 4 - 2
        logits = logits.round() if rounded else logits
        new_tokens = min(3, len(history))
        # If top_k is not set, its default is 50.
        config = GenerationConfig(**{"do_sample": True, "top_k": 0} | settings, eos_token_id=END_OF_TEXT)
        model._prepare_special_tokens(config, device="cpu")
        processors = model._get_logits_processor(
            config, input_ids_seq_length=len(history) - new_tokens, device="cpu", model_kwargs={}
        )
        processed, scores = logits[None].clone(), None
        for processor in processors:
            if scores is None and "Warper" in type(processor).__name__:
                scores = processed.double()
            if scores is None:
                processed = processor(history[None], processed)
            else:
                scores = processor(history[None], scores)
        scores = processed.double() if scores is None else scores
        cases.append(
            dict(
                settings=settings, logits=short(logits), history=history.tolist(), newTokens=new_tokens,
                processed=[None if x == -torch.inf else x for x in short(processed[0])],
                probabilities=short(scores[0].softmax(-1)),
            )
        )
    path = pathlib.Path(__file__).parent.parent / "src/generate/sampling-goldens.json"
    path.write_text(json.dumps({"endOfText": END_OF_TEXT, "cases": cases}) + "\n")
    print(len(cases), "cases,", path.stat().st_size, "bytes")


main()
