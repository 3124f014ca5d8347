"""Writes test/goldens/tokenizer: small tokenizers of every supported kind, and the ids that they give to texts.

It needs transformers and tokenizers. It also needs the project's build, because transformers opens the project's GPT-2 files:
    npm run build && python scripts/make-tokenizer-kind-goldens.py
ids.json has {"texts": [...], "ids": {tokenizer: [[...] or null, ...]}}. Each small tokenizer is in a folder of its name.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

root = Path(__file__).resolve().parent.parent
folder = root / "test" / "goldens" / "tokenizer"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)

texts = [
    "",
    " ",
    "Hello, how are you?",
    "I'm fine; they're not. We'll see, I've said, he'd go, it's DON'T",
    "  two  spaces   three \t tabs\t\tand\nnew\n\nlines\r\nend  ",
    "trailing newline\n",
    "1234567890 3.14159 1,000,000 v2.0-rc1 x²½ Ⅷ ٣٤",
    "naïve café Ünïcödé Straße ŒUVRE İstanbul",
    "e\u0301 combining \u0928\u093f\u092e\u094d\u0928 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22",
    "你好，世界！今天天气怎么样？我很好。",
    "こんにちは、元気ですか？ カタカナ ｶﾀｶﾅ 안녕하세요",
    "Привет, как дела? Γειά σου Κόσμε שלום עולם مرحبا بالعالم",
    "🤗 😀😃 👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️",
    "𝒳 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001f9ff\U00020000\U0010ffff",
    "white\u00a0space\u2003em\u3000wide\u2028line\u2029para\u0085next\u200bzero\u180emvs\u1680ogham",
    "\ufeffmark at the start, \ufeff within\ufeff",
    "control \x00\x01\x1c\x1d\x1e\x1f\x7f\x80\x9f\u00ad end",
    "def f(x):\n    return {'a': [x**2 for x in range(10)]}  # comment",
    "https://example.org/path?q=1&r=%20#frag user@example.com C:\\temp\\x",
    "<|endof text|> <|endoftext |> </s> <pad> [SEP]x",
    "!!!??? ... --- ___ *** ~~~ ''' \"\"\" `` ’s ‘t “quoted”",
    "'s 'S 't'T 're'RE'll 'd'm'M 'vez",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbb ababababababababab",
    "SolidGoldMagikarp rawdownloadcloneembedreportprint \u00c3\u00c2\u00c3\u00c2",
    "\ufffd \ufffe \uffff \ue000",
    "Zażółć gęślą jaźń; Příliš žluťoučký kůň; Đặng Thị Mỹ Lệ",
]

# No ids are written for texts where the JavaScript library is known to differ.
differs = {"word-piece": ["𝒳 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001f9ff\U00020000\U0010ffff"]}

corpus = [text for text in texts if text] + ["the cat sat on the mat and the rat", "你好 你好 hello hello there"] * 3


def save(name, tokenizer, **config):
    (folder / name).mkdir()
    tokenizer.save(str(folder / name / "tokenizer.json"), pretty=False)
    (folder / name / "tokenizer_config.json").write_text(json.dumps(config))


def byte_level(trained=400):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=trained,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def make_small():
    small = byte_level()
    save("byte-level", small, eos_token="<|endoftext|>")
    (folder / "vocabulary-and-merges").mkdir()
    small.model.save(str(folder / "vocabulary-and-merges"))

    added = byte_level()
    added.add_special_tokens([AddedToken("[PAD]", special=True)])
    added.add_tokens([AddedToken("</s>", normalized=False), AddedToken("[SEP]", lstrip=True, normalized=False)])
    save("added-tokens", added, eos_token="<|endoftext|>", pad_token="[PAD]")

    prefix = byte_level()
    prefix.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    save("prefix-space", prefix, eos_token="<|endoftext|>", tokenizer_class="PreTrainedTokenizerFast")

    sequence = byte_level()
    sequence.normalizer = normalizers.NFC()
    sequence.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\d"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    save("sequence", sequence, eos_token="<|endoftext|>")

    # The vocabularies of the next two are fixed, because their trainers are not deterministic.
    characters = sorted({character for text in texts for character in text.lower() if not character.isspace()})
    common = ["he", "hello", "ho", "how", "are", "you", "two", "and", "the", "not", "line", "ing", "ab", "aaaa", "你好"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    inner = [f"##{character}" for character in characters if character.isalnum()] + ["##llo", "##ne", "##ab", "##aaa"]
    vocabulary = {token: id for id, token in enumerate(special + characters + common + inner)}
    words = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    words.add_special_tokens(special)
    words.normalizer = normalizers.BertNormalizer(lowercase=True)
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.decoder = decoders.WordPiece()
    save("word-piece", words, eos_token="[SEP]", unk_token="[UNK]", pad_token="[PAD]")

    special = ["<unk>", "<eos>"]
    listed = special + [f"▁{word}" for word in common] + ["▁", *common[1:], *characters]
    # These scores make sure that no two segmentations of a text have the same score.
    scored = [(token, 0.0 if token in special else -1 - 0.0137 * id) for id, token in enumerate(listed)]
    pieces = Tokenizer(models.Unigram(scored, unk_id=0, byte_fallback=False))
    pieces.add_special_tokens(special)
    pieces.normalizer = normalizers.NFKC()
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces.decoder = decoders.Metaspace()
    save("unigram", pieces, eos_token="<eos>", unk_token="<unk>")


def gpt2():
    with tempfile.TemporaryDirectory() as place:
        program = f"""
            import {{ writeFileSync }} from 'node:fs';
            import {{ gpt2Files }} from '{(root / "dist/src/tokenizer/gpt2-tokenizer.js").as_uri()}';
            for (const [name, text] of gpt2Files()) writeFileSync('{place}/' + name, text);"""
        subprocess.run(["node", "--input-type=module", "-e", program], check=True)
        tokenizer = AutoTokenizer.from_pretrained(place)
        return [tokenizer(text)["input_ids"] for text in texts]


def of(name):
    tokenizer = Tokenizer.from_file(str(folder / name / "tokenizer.json"))
    # The program reads special tokens in text as ordinary text, as this option does. None of these texts contains one.
    tokenizer.encode_special_tokens = True
    unlike = differs.get(name, [])
    return [None if text in unlike else tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


make_small()
ids = {"gpt2": gpt2()}
for made in sorted(folder.iterdir()):
    if (made / "tokenizer.json").exists():
        ids[made.name] = of(made.name)
lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(rows, separators=(',', ':'))}" for name, rows in ids.items())
(folder / "ids.json").write_text(f'{{"texts": {json.dumps(texts, indent=1)},\n"ids": {{\n{lines}}}}}\n')
