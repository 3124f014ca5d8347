"""Times greedy `generate` of transformers with its key-value cache: DialoGPT's shape with random weights.

    python bench/peers/hf_generate.py --threads 2 --prompt 200 --tokens 128
    python bench/peers/hf_generate.py --device cuda --type bfloat16 --model medium

The time to the first token is measured from the start of the call; tokens/s count the tokens after it. The clock reads the
time when `generate` checks its stopping criteria, so that a token's time is complete (on a GPU, the clock waits for the
token first). The waiting policy of PyTorch's threads is left at its default.
"""

import argparse
import json
import os
import statistics
import time

from hf_trainer import SHAPES

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
parser.add_argument("--model", choices=sorted(SHAPES), default="small")
parser.add_argument("--prompt", type=int, default=200, help="tokens of the prompt")
parser.add_argument("--tokens", type=int, default=128, help="new tokens after the first one")
parser.add_argument("--repetitions", type=int, default=3, help="timed repetitions, after one that is not timed")
parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
parser.add_argument("--type", choices=["float32", "bfloat16", "float16"], default="float32")
options = parser.parse_args()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers

torch.set_num_threads(options.threads)
torch.manual_seed(1)


class Clock(transformers.StoppingCriteria):
    """Records the time of each token, and never stops the generation."""

    def __init__(self):
        self.times = [time.perf_counter()]
        self.go_on = torch.zeros(1, dtype=torch.bool, device=options.device)

    def __call__(self, tokens, scores, **more):
        if options.device == "cuda":
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())
        return self.go_on


config = transformers.GPT2Config(attn_implementation=options.attention, **SHAPES[options.model])
model = transformers.GPT2LMHeadModel(config).to(options.device, getattr(torch, options.type)).eval()
model.generation_config = transformers.GenerationConfig(
    do_sample=False,
    max_new_tokens=options.tokens + 1,
    use_cache=True,
    pad_token_id=config.eos_token_id,
)
prompt = (torch.arange(options.prompt) * 7919 % config.vocab_size)[None].to(options.device)
mask = torch.ones_like(prompt)
first, rates = [], []
with torch.inference_mode():
    for repetition in range(options.repetitions + 1):
        clock = Clock()
        model.generate(prompt, attention_mask=mask, stopping_criteria=[clock])
        assert len(clock.times) == options.tokens + 2
        if repetition > 0:
            first.append(clock.times[1] - clock.times[0])
            rates.append(options.tokens / (clock.times[-1] - clock.times[1]))
print(
    json.dumps(
        {
            "secondsToFirstToken": statistics.median(first),
            "tokensPerSecond": statistics.median(rates),
            "repetitions": {"secondsToFirstToken": first, "tokensPerSecond": rates},
            "settings": {
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "threads": torch.get_num_threads(),
                "device": options.device,
                "attention": options.attention,
                "type": options.type,
            },
        }
    )
)
