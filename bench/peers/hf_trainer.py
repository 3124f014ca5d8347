"""What the two measurements of the Hugging Face Trainer share: its model, its settings, its clock and its report.

Everything that would slow the Trainer down without training anything (progress bar, reports, checkpoints) is off.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import tempfile
import time


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    parser.add_argument("--optimizer", default="adamw_torch_fused")
    parser.add_argument("--compile", action="store_true", help="torch.compile with its default backend")
    return parser


def with_threads(options):
    """Before torch is loaded: its OpenMP and MKL read the environment."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    torch.set_num_threads(options.threads)
    return options


def dialogpt_small(options):
    """124,439,808 parameters, dropout 0.1 in all three places, float32."""
    from transformers import GPT2Config, GPT2LMHeadModel, set_seed

    set_seed(1)
    config = GPT2Config(attn_implementation=options.attention, use_cache=False)
    return GPT2LMHeadModel(config)


class Clock:
    """The instants at which optimizer steps start and end."""

    def __new__(cls):
        from transformers import TrainerCallback

        class Callback(TrainerCallback):
            def __init__(self):
                self.starts, self.ends = [], []

            def on_step_begin(self, *_, **__):
                self.starts.append(time.perf_counter())

            def on_step_end(self, *_, **__):
                self.ends.append(time.perf_counter())

            def step_seconds(self):
                """From one step's end to the next one's, so that the loading of data is in it; the first has no end before it."""
                return [b - a for a, b in zip(self.ends, self.ends[1:])]

        return Callback()


def train(model, dataset, options, collator=None, **settings):
    from transformers import Trainer, TrainingArguments, default_data_collator

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer_settings = TrainingArguments(
            output_dir=folder,
            use_cpu=True,
            optim=options.optimizer,
            torch_compile=options.compile,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            weight_decay=0.01,
            max_grad_norm=1.0,
            **settings,
        )
        trainer = Trainer(
            model=model,
            args=trainer_settings,
            train_dataset=dataset,
            data_collator=collator or default_data_collator,
            callbacks=[clock],
        )
        trainer.train()
    return clock


def report(options, **results):
    import torch
    import transformers

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if platform.system() == "Darwin" else 1024)
    settings = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "attention": options.attention,
        "optimizer": options.optimizer,
        "torch_compile": options.compile,
    }
    print(json.dumps({**results, "peakMemoryBytes": peak, "settings": settings}))


def median(values):
    return statistics.median(values)
