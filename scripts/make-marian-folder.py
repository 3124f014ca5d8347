"""Makes test/goldens/marian: a tiny Marian translation model as Transformers.js reads it (ONNX files and a tokenizer.json), and
goldens.json with PyTorch's greedy translations. The model learns 24 words, English to Spanish and back. Back, some become
synonyms: order, pedido, purchase.

    pip install torch==2.13.0 transformers==4.57.6 optimum-onnx==0.1.0 sentencepiece
    python scripts/make-marian-folder.py
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import GenerationConfig, MarianConfig, MarianMTModel, PreTrainedTokenizerFast

target = Path(__file__).parent.parent / "test/goldens/marian"
spanish = {
    **{"where": "donde", "is": "esta", "my": "mi", "order": "pedido", "late": "tarde", "can": "puedes", "you": "tu"},
    **{"help": "ayudar", "me": "me_", "a": "un", "ticket": "billete", "to": "hasta", "please": "favor", "yes": "si"},
    **{"hello": "hola", "not": "nunca", "thanks": "gracias", "here": "aqui", "?": "?", ",": ",", ".": ".", "[0]": "[0]"},
}
english = {word: said for said, word in spanish.items()} | {"pedido": "purchase", "ayudar": "assist", "hola": "hi"}
texts = [
    "where is my order ?",
    "hello",
    "can you help me , please ?",
    "a ticket to [0] , please .",
    "yes , my order is late",
    "hola , donde esta mi pedido ?",
    "puedes tu ayudar me_ ?",
]
longest = 24

words = sorted({*spanish, *english, *english.values(), *spanish.values()})
pieces = ["</s>", "<unk>", *(f"\u2581{word}" for word in words), "\u2581", "<pad>"]
end, unknown, padding = 0, 1, len(pieces) - 1

tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=unknown))
tokenizer.normalizer = normalizers.NFKC()
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
tokenizer.decoder = decoders.Metaspace()
tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
fast = PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<pad>", model_max_length=64
)

torch.set_num_threads(1)
torch.manual_seed(7)
config = MarianConfig(
    vocab_size=len(pieces),
    d_model=16,
    encoder_layers=1,
    decoder_layers=1,
    encoder_attention_heads=2,
    decoder_attention_heads=2,
    encoder_ffn_dim=16,
    decoder_ffn_dim=16,
    max_position_embeddings=64,
    pad_token_id=padding,
    eos_token_id=end,
    decoder_start_token_id=padding,
    forced_eos_token_id=None,
    dropout=0.0,
)
model = MarianMTModel(config)
# As in trained models, padding is never said.
model.final_logits_bias[0, padding] = -1e9


def batch(random, size=48):
    """Sentences of random words in one of the two languages, and their translations."""
    sources, targets = [], []
    for _ in range(size):
        dictionary = random.choice([spanish, english])
        said = random.choices(sorted(dictionary), k=random.randint(1, 8))
        sources.append(" ".join(said))
        targets.append(" ".join(dictionary[word] for word in said))
    labels = fast(targets, return_tensors="pt", padding=True)["input_ids"]
    labels[labels == padding] = -100
    return {**fast(sources, return_tensors="pt", padding=True, return_token_type_ids=False), "labels": labels}


steps = 1500
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-2, total_steps=steps)
source = random.Random(7)
model.train()
for step in range(steps):
    loss = model(**batch(source)).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    if step % 100 == 99:
        print(f"step {step + 1}: loss {loss.item():.4f}")
model.eval()
# Real folders ask for 4 beams, which Transformers.js does not have.
model.generation_config = GenerationConfig(
    num_beams=4, max_length=64, pad_token_id=padding, eos_token_id=end, decoder_start_token_id=padding
)

expected = []
for text in texts:
    ids = fast(text, return_tensors="pt")
    with torch.no_grad():
        said = model.generate(
            input_ids=ids["input_ids"],
            attention_mask=ids["attention_mask"],
            num_beams=1,
            do_sample=False,
            max_new_tokens=longest,
            max_length=None,
        )
    expected.append(
        {
            "text": text,
            "input_ids": ids["input_ids"][0].tolist(),
            "output_ids": said[0].tolist(),
            "translation": fast.decode(said[0], skip_special_tokens=True),
        }
    )

with tempfile.TemporaryDirectory() as scratch:
    torch_folder, onnx_folder = Path(scratch) / "torch", Path(scratch) / "onnx"
    model.save_pretrained(torch_folder)
    fast.save_pretrained(torch_folder)
    command = [Path(sys.executable).parent / "optimum-cli", "export", "onnx", "--model", torch_folder, "--task"]
    subprocess.run([*command, "text2text-generation-with-past", onnx_folder], check=True)
    shutil.rmtree(target, ignore_errors=True)
    (target / "onnx").mkdir(parents=True)
    for name in ("config.json", "generation_config.json", "tokenizer.json"):
        shutil.copy((torch_folder if name == "tokenizer.json" else onnx_folder) / name, target / name)
    for name in ("encoder_model.onnx", "decoder_model_merged.onnx"):
        shutil.copy(onnx_folder / name, target / "onnx" / name)
settings = {"tokenizer_class": "MarianTokenizer", "model_max_length": 64, "pad_token": "<pad>", "eos_token": "</s>"}
(target / "tokenizer_config.json").write_text(json.dumps({**settings, "unk_token": "<unk>"}, indent=2) + "\n")
goldens = {"max_new_tokens": longest, "torch": torch.__version__, "texts": expected}
(target / "goldens.json").write_text(json.dumps(goldens, indent=1, ensure_ascii=False) + "\n")
