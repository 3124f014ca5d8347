"""Makes test/goldens/sentences: a tiny sentence model as Transformers.js reads it (an ONNX file and a tokenizer.json). Each word has a
vector, words of like meaning nearly the same one, and the model gives the vectors of the words of a text. goldens.json has their
means with length 1, computed with NumPy.

    pip install onnx==1.19.0 tokenizers==0.23.3 numpy
    python scripts/make-sentence-folder.py
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

target = Path(__file__).parent.parent / "test/goldens/sentences"
width = 16
meanings = [
    ["deliver", "delivery", "bring", "ship", "parcel"],
    ["sundays", "sunday", "weekend"],
    ["order", "purchase"],
    ["where", "find", "track"],
    ["money", "refund", "back"],
    ["open", "hours", "opening"],
    ["car", "parking"],
    ["运", "送", "货"],
    ["周", "日", "末"],
]
small = ["do", "you", "on", "my", "is", "can", "i", "the", "at", "get", "a", "your", "are", "what"]
texts = ["do you deliver on sundays", "can i get my parcel at the weekend", "where is my order", "nothing known here"]

random = np.random.default_rng(15)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *small, *(word for group in meanings for word in group)]
table = np.zeros((len(words), width), np.float32)
table[1] = random.normal(size=width)
for word in small:
    table[words.index(word)] = 0.05 * random.normal(size=width)
for group in meanings:
    direction = random.normal(size=width)
    for word in group:
        table[words.index(word)] = direction + 0.2 * random.normal(size=width)
table = table.round(3)

tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)

shape = ["batch", "length"]
graph = helper.make_graph(
    [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"], axis=0)],
    "sentences",
    [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
    [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, width])],
    [numpy_helper.from_array(table, "table")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)

(target / "onnx").mkdir(parents=True, exist_ok=True)
onnx.save(model, target / "onnx/model.onnx")
tokenizer.save(str(target / "tokenizer.json"), pretty=False)


def write(name, content):
    (target / name).write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf8")


write("config.json", {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": width, "vocab_size": len(words)})
write(
    "tokenizer_config.json",
    {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, "pad_token": "[PAD]", "unk_token": "[UNK]"},
)
vectors = []
for text in texts:
    mean = table[tokenizer.encode(text).ids].mean(axis=0, dtype=np.float64)
    vectors.append((mean / np.linalg.norm(mean)).round(7).tolist())
write("goldens.json", {"texts": texts, "vectors": vectors})
