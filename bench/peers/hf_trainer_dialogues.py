"""Times an epoch of the Hugging Face Trainer over dialogues, padded to the longest of each batch.

    python bench/peers/hf_trainer_dialogues.py --threads 2 --dialogues encoded.json
    python bench/peers/hf_trainer_dialogues.py --device cuda --precision bf16 --sampling random --dialogues encoded.json

The file is a list of {"input_ids": [...], "labels": [...]}; a label of -100 marks a position without loss.
"""

import json

from hf_trainer import SHAPES, arguments, dialogpt, report, train, with_threads

parser = arguments(__doc__)
parser.add_argument("--dialogues", required=True)
parser.add_argument("--batch", type=int, default=8, help="dialogues per step")
parser.add_argument("--model", choices=sorted(SHAPES), default="small")
parser.add_argument("--sampling", choices=["group_by_length", "random"], default="group_by_length")
options = with_threads(parser.parse_args())

import torch
from torch.nn.utils.rnn import pad_sequence

with open(options.dialogues, encoding="utf-8") as file:
    dialogues = json.load(file)


def padded(examples):
    """Pads like DataCollatorForSeq2Seq, which would need a tokenizer although the dialogues are already encoded."""
    pad = lambda key, value: pad_sequence(
        [torch.tensor(example[key]) for example in examples], batch_first=True, padding_value=value
    )
    attention = [torch.ones(len(example["input_ids"]), dtype=torch.long) for example in examples]
    return {
        "input_ids": pad("input_ids", 0),
        "labels": pad("labels", -100),
        "attention_mask": pad_sequence(attention, batch_first=True),
    }


model = dialogpt(options, options.model)
# The first batch is not timed, because the caches are still cold.
first = {name: values.to(options.device) for name, values in padded(dialogues[: options.batch]).items()}
half = torch.float16 if options.precision == "fp16" else torch.bfloat16
with torch.autocast(options.device, half, enabled=options.precision != "fp32"):
    loss = model(**first).loss
loss.backward()
model.zero_grad()
clock = train(
    model,
    dialogues,
    options,
    collator=padded,
    per_device_train_batch_size=options.batch,
    num_train_epochs=1,
    train_sampling_strategy=options.sampling,
)
seconds = clock.ends[-1] - clock.starts[0]
supervised = sum(label != -100 for dialogue in dialogues for label in dialogue["labels"][1:])
tokens = sum(len(dialogue["input_ids"]) for dialogue in dialogues)
report(
    options,
    clock,
    seconds=seconds,
    steps=len(clock.ends),
    supervisedTokens=supervised,
    supervisedTokensPerSecond=supervised / seconds,
    tokensPerSecond=tokens / seconds,
)
