"""Times finding near-duplicates with datatrove over the texts that dist/bench/duplicates.js --write wrote.

    python bench/peers/datatrove_duplicates.py --folder /tmp/texts --processes 2

Word 3-grams, 20 bands of 5 rows. The four steps run as separate executors, as in its examples. Writes a byte per text to
flags.bin, 1 if it is taken out.
"""

import argparse
import json
import os
import tempfile
import time
from importlib.metadata import version

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

os.environ["DATATROVE_COLORIZE_LOGS"] = "0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    processes = options.processes
    with open(f"{options.folder}/texts.txt", encoding="utf-8") as file:
        texts = file.read().splitlines()
    config = MinhashConfig(n_grams=3, num_buckets=20, hashes_per_bucket=5)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/in")
        for part in range(processes):
            with open(f"{folder}/in/{part}.jsonl", "w", encoding="utf-8") as file:
                for index in range(part, len(texts), processes):
                    file.write(json.dumps({"id": str(index), "text": texts[index]}) + "\n")
        reader = JsonlReader(f"{folder}/in")
        steps = [
            ([reader, MinhashDedupSignature(f"{folder}/signatures", config)], processes),
            ([MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)], config.num_buckets),
            ([MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=config)], 1),
            ([reader, MinhashDedupFilter(f"{folder}/remove"), JsonlWriter(f"{folder}/out", compression=None)], processes),
        ]
        start = time.perf_counter()
        for number, (pipeline, tasks) in enumerate(steps):
            LocalPipelineExecutor(
                pipeline, tasks=tasks, workers=processes, logging_dir=f"{folder}/logs-{number}", skip_completed=False
            ).run()
        seconds = time.perf_counter() - start
        kept = set()
        for name in os.listdir(f"{folder}/out"):
            with open(f"{folder}/out/{name}", encoding="utf-8") as file:
                kept.update(int(json.loads(line)["id"]) for line in file)
    with open(f"{options.folder}/flags.bin", "wb") as file:
        file.write(bytes(0 if index in kept else 1 for index in range(len(texts))))
    print(json.dumps({"seconds": seconds, "versions": {"datatrove": version("datatrove")}}))


if __name__ == "__main__":
    main()
