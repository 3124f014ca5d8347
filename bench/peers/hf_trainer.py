"""Shared by the two measurements of the Hugging Face Trainer: model, settings, clock and report.

Everything that slows the Trainer down without contributing to training (progress bar, reports, checkpoints) is off.
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
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["fp32", "bf16", "fp16"], default="fp32")
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    parser.add_argument("--optimizer", default="adamw_torch_fused")
    parser.add_argument("--compile", action="store_true", help="torch.compile with its default backend")
    return parser


def with_threads(options):
    """Must be called before torch is imported, because its OpenMP and MKL read the environment."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    torch.set_num_threads(options.threads)
    return options


SHAPES = {
    "tiny": {"n_layer": 4, "n_embd": 128, "n_head": 4, "n_positions": 256},  # to try the programs
    "small": {},  # 124,439,808 parameters
    "medium": {"n_layer": 24, "n_embd": 1024, "n_head": 16},
}


def dialogpt(options, model="small"):
    """Dropout is 0.1 in all three places. Weights are float32; with --precision bf16 or fp16, autocast makes half copies."""
    from transformers import GPT2Config, GPT2LMHeadModel, set_seed

    set_seed(1)
    config = GPT2Config(attn_implementation=options.attention, use_cache=False, **SHAPES[model])
    return GPT2LMHeadModel(config).to(options.device)


class Clock:
    """Records when optimizer steps start and end.

    A GPU works asynchronously, so its steps are timed together, from the end of the warm-up to the end of the last step,
    and only those two points are waited for.
    """

    def __new__(cls, options, warmup):
        import torch
        from transformers import TrainerCallback

        cuda = options.device == "cuda"

        class Callback(TrainerCallback):
            def __init__(self):
                self.starts, self.ends = [], []

            def on_step_begin(self, *_, **__):
                if cuda and not self.starts:
                    torch.cuda.synchronize()
                self.starts.append(time.perf_counter())

            def on_step_end(self, _, state, *__, **___):
                if cuda and state.global_step in (warmup, state.max_steps):
                    torch.cuda.synchronize()
                self.ends.append(time.perf_counter())

            def step_seconds(self):
                """Measured from the end of one step to the end of the next, to include data loading. Warm-up is not timed."""
                ends = self.ends[warmup - 1 :]
                if cuda:
                    return [(ends[-1] - ends[0]) / (len(ends) - 1)]
                return [b - a for a, b in zip(ends, ends[1:])]

        return Callback()


def note_dtype(model):
    """Notes the dtype of the first product of the first forward pass: what autocast does, not what it was asked to do."""
    noted = {}

    def note(_, __, output):
        noted["dtype"] = str(output.dtype).removeprefix("torch.")
        hook.remove()

    hook = model.transformer.h[0].attn.c_attn.register_forward_hook(note)
    return noted


def train(model, dataset, options, collator=None, warmup=1, **settings):
    """Returns the clock, with `used`: the settings as they were in effect."""
    from transformers import Trainer, TrainingArguments, default_data_collator

    clock = Clock(options, warmup)
    noted = note_dtype(model)
    with tempfile.TemporaryDirectory() as folder:
        trainer_settings = TrainingArguments(
            output_dir=folder,
            use_cpu=options.device == "cpu",
            bf16=options.precision == "bf16",
            fp16=options.precision == "fp16",
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
    wanted = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}[options.precision]
    if noted["dtype"] != wanted:
        raise SystemExit(f"error: the Trainer was asked for {options.precision} and computed in {noted['dtype']}")
    optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
    fused = "fused " if optimizer.param_groups[0].get("fused") else ""
    clock.used = {
        "computedIn": noted["dtype"],
        "attention": model.config._attn_implementation,
        "optimizer": fused + type(optimizer).__name__,
    }
    return clock


def report(options, clock, **results):
    import torch
    import transformers

    if options.device == "cuda":
        peak = torch.cuda.max_memory_reserved()
    else:
        unit = 1 if platform.system() == "Darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    settings = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "device": options.device,
        "precision": options.precision,
        "torch_compile": options.compile,
        **clock.used,
    }
    print(json.dumps({**results, "peakMemoryBytes": peak, "settings": settings}))


def median(values):
    return statistics.median(values)
