"""Writes DialoGPT's shape with random weights as GGUF files for llama.cpp, one for each type of weights.

    python bench/peers/gpt2_gguf.py --model small --types f32 f16 q8_0 --prefix .bench/gpt2-small

Writes PREFIX-f32.gguf and so on. As llama.cpp's own converter does, matrices get the type, vectors and position embeddings
stay float32. The vocabulary has GPT-2's size and made-up words: nothing is tokenized.
"""

import argparse
import os

import gguf
import numpy

from hf_trainer import SHAPES

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", choices=sorted(SHAPES), default="small")
parser.add_argument("--types", nargs="+", choices=["f32", "f16", "q8_0"], default=["f32", "f16", "q8_0"])
parser.add_argument("--prefix", required=True)
options = parser.parse_args()
shape = {"n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, **SHAPES[options.model]}
width, vocabulary = shape["n_embd"], 50257


def tensors():
    """Yields names and values in GGUF's layout, where a linear layer's matrix is [out, in]."""
    random = numpy.random.default_rng(1)
    matrix = lambda *size: random.standard_normal(size, dtype=numpy.float32) * numpy.float32(0.02)
    vector = lambda size, value=0: numpy.full(size, value, dtype=numpy.float32)
    yield "token_embd.weight", matrix(vocabulary, width)
    yield "position_embd.weight", matrix(shape["n_positions"], width)
    for layer in range(shape["n_layer"]):
        block = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            yield f"{block}.{norm}.weight", vector(width, 1)
            yield f"{block}.{norm}.bias", vector(width)
        for name, inputs, outputs in (
            ("attn_qkv", width, 3 * width),
            ("attn_output", width, width),
            ("ffn_up", width, 4 * width),
            ("ffn_down", 4 * width, width),
        ):
            yield f"{block}.{name}.weight", matrix(outputs, inputs)
            yield f"{block}.{name}.bias", vector(outputs)
    yield "output_norm.weight", vector(width, 1)
    yield "output_norm.bias", vector(width)


def write(path, file_type, quantization):
    """The file appears under its name when it is complete."""
    writer = gguf.GGUFWriter(f"{path}.part", "gpt2")
    writer.add_block_count(shape["n_layer"])
    writer.add_context_length(shape["n_positions"])
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(4 * width)
    writer.add_head_count(shape["n_head"])
    writer.add_layer_norm_eps(1e-5)
    writer.add_vocab_size(vocabulary)
    writer.add_file_type(file_type)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([f"word{token}" for token in range(vocabulary)])
    writer.add_token_types([gguf.TokenType.NORMAL] * vocabulary)
    writer.add_token_merges(["w o"])
    writer.add_bos_token_id(vocabulary - 1)
    writer.add_eos_token_id(vocabulary - 1)
    for name, values in tensors():
        exact = values.ndim == 1 or name == "position_embd.weight"
        kind = gguf.GGMLQuantizationType.F32 if exact else quantization
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(f"{path}.part", path)


for name in options.types:
    kind = getattr(gguf.GGMLQuantizationType, name.upper())
    file_types = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0"}
    write(f"{options.prefix}-{name}.gguf", getattr(gguf.LlamaFileType, file_types[name]), kind)
