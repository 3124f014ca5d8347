"""Times datasets.map with the fast tokenizer of transformers over the dialogues that dist/bench/tokenize.js --write wrote.

    python bench/peers/hf_tokenize.py --folder /tmp/corpus --processes 2

Loading the file is not timed. Caches on disk are not used.
"""

import argparse
import json
import os
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()

    import datasets
    import transformers

    datasets.disable_caching()
    datasets.disable_progress_bars()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=f"{options.folder}/tokenizer.json")
    with tempfile.TemporaryDirectory() as cache:
        loaded = datasets.load_dataset(
            "json", data_files=f"{options.folder}/dialogues.jsonl", split="train", cache_dir=cache
        )
        start = time.perf_counter()
        encoded = loaded.map(
            lambda batch: tokenizer(batch["text"], return_attention_mask=False),
            batched=True,
            num_proc=options.processes,
            remove_columns=["text"],
        )
        seconds = time.perf_counter() - start
        tokens = sum(len(ids) for batch in encoded.iter(1000) for ids in batch["input_ids"])
    versions = {module.__name__: module.__version__ for module in (datasets, transformers)}
    print(json.dumps({"seconds": seconds, "tokens": tokens, "versions": versions}))
