"""Times optimizer steps of the Hugging Face Trainer: DialoGPT-small's shape, rows of 512 tokens, all supervised.

    python bench/peers/hf_trainer_step.py --threads 2 --accumulation 1
"""

from hf_trainer import arguments, dialogpt_small, median, report, train, with_threads

parser = arguments(__doc__)
parser.add_argument("--tokens", type=int, default=512, help="a row; one row a micro-batch")
parser.add_argument("--accumulation", type=int, default=1)
parser.add_argument("--steps", type=int, default=5, help="timed ones; one more comes first")
options = with_threads(parser.parse_args())

import torch

model = dialogpt_small(options)
generator = torch.Generator().manual_seed(2)
rows = (options.steps + 1) * options.accumulation
tokens = torch.randint(model.config.vocab_size, (rows, options.tokens), generator=generator)
clock = train(
    model,
    [{"input_ids": row, "labels": row} for row in tokens],
    options,
    per_device_train_batch_size=1,
    gradient_accumulation_steps=options.accumulation,
    max_steps=options.steps + 1,
)
seconds = clock.step_seconds()
report(
    options,
    stepSeconds=seconds,
    tokensPerSecond=options.tokens * options.accumulation / median(seconds),
)
