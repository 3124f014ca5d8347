"""Times finding near-duplicates with text-dedup over the texts that dist/bench/duplicates.js --write wrote.

    python bench/peers/text_dedup_duplicates.py --folder /tmp/texts --processes 2

Word 3-grams, and as many bands as it finds best for the threshold. Its loading of the dataset is timed, the imports are not.
Writes a byte per text to flags.bin, 1 if it is taken out. text-dedup pins an old urllib3, so it has an environment of its own.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from importlib.metadata import version

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
from text_dedup import minhash


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with open(f"{options.folder}/texts.txt", encoding="utf-8") as file:
        texts = file.read().splitlines()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        datasets.Dataset.from_dict({"id": range(len(texts)), "text": texts}).save_to_disk(f"{folder}/in")
        flags = ["--path", f"{folder}/in", "--local", "--output", f"{folder}/out", "--column", "text", "--idx_column", "id"]
        flags += ["--ngram", "3", "--min_length", "1", "--threshold", "0.7", "--hash_func", "xxh3"]
        flags += ["--num_proc", str(options.processes)]
        start = time.perf_counter()
        minhash.main.main(args=flags, standalone_mode=False)
        seconds = time.perf_counter() - start
        kept = set(datasets.load_from_disk(f"{folder}/out")["id"])
    with open(f"{options.folder}/flags.bin", "wb") as file:
        file.write(bytes(0 if index in kept else 1 for index in range(len(texts))))
    print(json.dumps({"seconds": seconds, "versions": {"text-dedup": version("text-dedup")}}))


if __name__ == "__main__":
    main()
