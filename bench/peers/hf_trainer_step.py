"""Times optimizer steps of the Hugging Face Trainer: DialoGPT's shape, full sequences of tokens, all supervised.

    python bench/peers/hf_trainer_step.py --threads 2 --accumulation 1 --precision bf16
    python bench/peers/hf_trainer_step.py --device cuda --precision bf16 --compile --model medium --batch 16 --tokens 1024

Full sequences are what packing produces, so no padding is computed. With bf16, SDPA, the fused AdamW and on a GPU --compile,
this is the Trainer's fastest configuration.
"""

from hf_trainer import SHAPES, arguments, dialogpt, median, report, train, with_threads

parser = arguments(__doc__)
parser.add_argument("--model", choices=sorted(SHAPES), default="small")
parser.add_argument("--batch", type=int, default=1, help="sequences per micro-batch")
parser.add_argument("--tokens", type=int, default=512, help="tokens per sequence")
parser.add_argument("--accumulation", type=int, default=1)
parser.add_argument("--steps", type=int, default=5, help="timed steps")
parser.add_argument("--warmup", type=int, default=1, help="untimed steps before them")
options = with_threads(parser.parse_args())

import torch

model = dialogpt(options, options.model)
generator = torch.Generator().manual_seed(2)
rows = (options.warmup + options.steps) * options.accumulation * options.batch
tokens = torch.randint(model.config.vocab_size, (rows, options.tokens), generator=generator)
clock = train(
    model,
    [{"input_ids": row, "labels": row} for row in tokens],
    options,
    warmup=options.warmup,
    per_device_train_batch_size=options.batch,
    gradient_accumulation_steps=options.accumulation,
    max_steps=options.warmup + options.steps,
)
seconds = clock.step_seconds()
report(
    options,
    clock,
    stepSeconds=seconds,
    tokensPerSecond=options.batch * options.tokens * options.accumulation / median(seconds),
)
