"""Times finding near-duplicates with rensa over the texts that dist/bench/duplicates.js --write wrote.

    python bench/peers/rensa_duplicates.py --folder /tmp/texts

Word 3-grams, 128 permutations, 32 bands, the fastest way that rensa offers: flags of rows that share a band, without comparing
them. Loading is not timed. Writes a byte per text to flags.bin, 1 if it is flagged.
"""

import argparse
import json
import time
from importlib.metadata import version

import rensa

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--folder", required=True)
parser.add_argument("--processes", type=int, default=1, help="ignored: it has threads of its own")
options = parser.parse_args()

with open(f"{options.folder}/texts.txt", encoding="utf-8") as file:
    texts = file.read().splitlines()

start = time.perf_counter()
sets = []
for text in texts:
    words = text.lower().split()
    sets.append([" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))])
digests = rensa.RMinHash.digest_matrix_from_token_sets(sets, 128, 42)
flags = rensa.RMinHashLSH(0.7, 128, 32).query_duplicate_flags_matrix_one_shot(digests)
seconds = time.perf_counter() - start

with open(f"{options.folder}/flags.bin", "wb") as file:
    file.write(bytes(flags))
print(json.dumps({"seconds": seconds, "versions": {"rensa": version("rensa")}}))
