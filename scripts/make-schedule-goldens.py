"""Writes src/train/schedule-goldens.json: the learning rates of transformers.get_scheduler for each step.

    pip install torch transformers && python scripts/make-schedule-goldens.py && npx biome check --write src/train

`rates[k]` is the learning rate of optimizer step k, counted from 0. `warmups` are [option, total steps, warm-up steps] of
TrainingArguments.get_warmup_steps.
"""

import json
import pathlib
import warnings

import torch
from transformers import TrainingArguments, get_scheduler

CASES = [
    # learning rate, warm-up steps, total steps, steps to record
    (5e-5, 0, 12, 14),
    (5e-5, 5, 23, 24),
    (3e-4, 1, 1, 3),
    (1e-3, 10, 7, 12),
    (6.25e-5, 7, 60, 61),
]


def rates(name, learning_rate, warmup, total, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=learning_rate)
    scheduler = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=total)
    out = []
    for _ in range(steps):
        out.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return out


def main():
    warnings.simplefilter("ignore")
    schedules = [
        {
            "type": name,
            "learningRate": learning_rate,
            "warmupSteps": warmup,
            "totalSteps": total,
            "rates": rates(name, learning_rate, warmup, total, steps),
        }
        for name in ("linear", "cosine", "constant", "constant_with_warmup")
        for learning_rate, warmup, total, steps in CASES
    ]
    options = [(0, 100), (0.1, 100), (0.1, 101), (0.03, 7), (0.999, 3), (1, 50), (2.7, 50), (500, 50), (0.5, 0)]
    warmups = [
        [option, total, TrainingArguments(output_dir="unused", warmup_steps=option).get_warmup_steps(total)]
        for option, total in options
    ]
    path = pathlib.Path(__file__).parent.parent / "src/train/schedule-goldens.json"
    path.write_text(json.dumps({"schedules": schedules, "warmups": warmups}))


main()
