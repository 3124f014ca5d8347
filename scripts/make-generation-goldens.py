"""Writes test/goldens/generation.json: the output of transformers' generate for prompts of one and three turns.

Every case is repeated with noise on the log-probabilities, about a hundred times the difference of float32 and float64. A
prompt is used only if the noise changes no token, so that tests compare decisions and not rounding.

    pip install torch==2.13.0 transformers==5.24.0 && python scripts/make-generation-goldens.py
"""

import json
from pathlib import Path

import torch
from transformers import LogitsProcessor, LogitsProcessorList

from golden_models import CASES, build, hashed

out = Path(__file__).parent.parent / "test" / "goldens" / "generation.json"

MODELS = {
    "plain": dict(spread=8.0, end_of_text=2.0),
    "odd": dict(spread=4.0, end_of_text=2.0),
    "variant": dict(spread=4.0, end_of_text=2.0),
}

SETTINGS = [
    dict(),
    dict(min_new_tokens=10),
    dict(no_repeat_ngram_size=2),
    dict(repetition_penalty=1.3),
    dict(repetition_penalty=1.2, no_repeat_ngram_size=3, min_new_tokens=6),
    dict(num_beams=2),
    dict(num_beams=2, length_penalty=0.0),
    dict(num_beams=4),
    dict(num_beams=4, length_penalty=2.0),
    dict(num_beams=4, length_penalty=-1.0),
    dict(num_beams=4, min_new_tokens=10),
    dict(num_beams=4, no_repeat_ngram_size=2),
    dict(num_beams=4, repetition_penalty=1.3),
    dict(num_beams=4, length_penalty=0.5, repetition_penalty=1.2, no_repeat_ngram_size=3, min_new_tokens=6),
    dict(num_beams=16),
]

NEW_TOKENS = 18
NOISE = 1e-3
END_OF_TEXT = 0


class Noise(LogitsProcessor):
    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids, scores):
        return scores + (torch.rand(scores.shape, generator=self.generator) * 2 - 1) * NOISE


def prompt(turns: int, vocabulary: int, stream: int) -> list[int]:
    """Turns of 2 to 5 tokens, each followed by the end of text."""
    tokens = []
    for turn in range(turns):
        words = hashed(6, stream * 8 + turn)
        tokens += [1 + int(word) % (vocabulary - 1) for word in words[: 2 + int(words[5]) % 4]] + [END_OF_TEXT]
    return tokens


def generate(model, tokens, settings, noise=None):
    beams = settings.get("num_beams", 1)
    result = model.generate(
        torch.tensor([tokens]), attention_mask=torch.ones(1, len(tokens), dtype=torch.long), do_sample=False,
        max_new_tokens=NEW_TOKENS, pad_token_id=END_OF_TEXT, num_return_sequences=beams, return_dict_in_generate=True,
        output_scores=True, logits_processor=LogitsProcessorList([] if noise is None else [Noise(noise)]), **settings,
    )
    hypotheses = []
    for index, sequence in enumerate(result.sequences[:, len(tokens):].tolist()):
        ended = END_OF_TEXT in sequence
        said = sequence[: sequence.index(END_OF_TEXT)] if ended else sequence
        hypotheses.append(dict(tokens=said, ended=ended))
        if beams > 1:
            hypotheses[-1]["score"] = round(result.sequences_scores[index].item(), 6)
    return hypotheses


def said(hypotheses):
    return [(hypothesis["tokens"], hypothesis["ended"]) for hypothesis in hypotheses]


def case(model, turns, settings, stream):
    while True:
        tokens = prompt(turns, model.config.vocab_size, stream)
        hypotheses = generate(model, tokens, settings)
        if all(said(generate(model, tokens, settings, noise)) == said(hypotheses) for noise in range(6)):
            return dict(prompt=tokens, settings=settings, hypotheses=hypotheses)
        stream += 1


records = []
for name, scales in MODELS.items():
    model = build(name, **scales).eval()
    names = [key.removeprefix("transformer.") for key, _ in model.named_parameters()]
    cases = [
        case(model, turns, settings, 1000 + 200 * index + 100 * (turns == 3))
        for index, settings in enumerate(SETTINGS) for turns in (1, 3)
    ]
    best = [c["hypotheses"][0] for c in cases]
    ended = sum(hypothesis["ended"] for hypothesis in best)
    distinct = sum(len(set(hypothesis["tokens"])) for hypothesis in best)
    total = sum(len(hypothesis["tokens"]) for hypothesis in best)
    print(f"{name}: {ended} of {len(best)} ended, {distinct} of {total} tokens distinct")
    assert 5 <= ended <= len(best) - 5 and distinct > total / 2
    config = model.config.to_diff_dict() | CASES[name]["config"]
    records.append(dict(name=name, **scales, config=config, names=names, cases=cases))

out.write_text(json.dumps(records).replace('{"prompt"', '\n{"prompt"') + "\n")
