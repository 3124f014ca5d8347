"""Writes src/tokenizer/gpt2-goldens.json: the ids of transformers' GPT-2 tokenizer for many kinds of text.

    pip install transformers && python scripts/make-tokenizer-goldens.py FOLDER

FOLDER contains GPT-2's vocab.json and merges.txt as OpenAI published them (under the names encoder.json and vocab.bpe).
Special tokens in a text are split like ordinary text.
"""

import json
import pathlib
import sys

from transformers import AutoTokenizer

TEXTS = [
    "Hello, how are you?",
    "hello world",
    " leading and trailing ",
    "I'm sure they'll say we've, you're, he'd, it's and don't; I'M, THEY'LL, it’s",
    "2 + 2 = 4, 1234567890 is 3.14159e-10",
    "a  b   c    d\te\t\tf",
    "two\nlines\n\nand more\r\nthan that \n ",
    "   ",
    "\n",
    "x\u00a0y\u2003z\u3000w\u0085v\u2028u",
    "<|endoftext|>",
    "before<|endoftext|>after <|endoftext|>",
    "naïve café déjà vu, Straße, Łódź, İstanbul",
    "cafe\u0301 with a combining accent",
    "你好，请问今天天气怎么样？我想去公园走走。",
    "こんにちは、世界。今日はいい天気ですね",
    "안녕하세요 세계",
    "Привет, как дела?",
    "مرحبا، كيف حالك؟",
    "नमस्ते दुनिया",
    "😀👍🏽👨‍👩‍👧‍👦🇩🇪 ok 🙂",
    "½ ² ٣ Ⅷ ①",
    "\ufeffmark at the start, \ufeff and inside",
    "\u0000\u0001\u001f\u007f\u009f",
    "\ufffd\ue000\U0010ffff",
    "https://example.org/a?b=c&d=%20#e",
    "for (let i = 0; i < n; i++) { s += `${x[i]}`; } // sum",
    "!!! ??? ... --- *** ___ ((())) \"\"\" ''' \\\\",
    "ALL CAPS, CamelCase, snake_case, kebab-case, l33t",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "a" * 300,
    "ab" * 200 + " " * 70 + "." * 90,
    "SolidGoldMagikarp petertodd",
    "",
]


def main():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    cases = [
        {"text": text, "ids": tokenizer(text, split_special_tokens=True, add_special_tokens=False)["input_ids"]}
        for text in TEXTS
    ]
    path = pathlib.Path(__file__).parent.parent / "src/tokenizer/gpt2-goldens.json"
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")


main()
