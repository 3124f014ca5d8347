"""The small GPT-2 models of the goldens. Weights and tokens come from an integer hash that the tests repeat."""

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

CASES = {
    "plain": dict(
        config=dict(vocab_size=96, n_positions=48, n_embd=32, n_layer=2, n_head=2),
        lengths=[[20, 17, 11], [30, 9]],
    ),
    "odd": dict(
        config=dict(vocab_size=517, n_positions=37, n_embd=60, n_layer=2, n_head=3),
        lengths=[[37], [23, 31]],
    ),
    "variant": dict(
        config=dict(
            vocab_size=101, n_positions=40, n_embd=40, n_layer=3, n_head=2, n_inner=56, activation_function="gelu",
            layer_norm_epsilon=1e-3, scale_attn_by_inverse_layer_idx=True, tie_word_embeddings=False,
        ),
        lengths=[[40, 3, 2], [15, 1, 25]],
    ),
    "unscaled": dict(
        config=dict(vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=4, scale_attn_weights=False),
        lengths=[[16, 5], [9, 12]],
    ),
}


def hashed(count: int, stream: int) -> np.ndarray:
    """uint32: the murmur3 finalizer of stream * 2^20 + index."""
    h = (np.arange(count, dtype=np.uint64) + np.uint64(stream << 20)) & np.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h ^= h >> np.uint64(shift)
        h = (h * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return h


def weight(name: str, shape, stream: int) -> torch.Tensor:
    uniform = hashed(int(np.prod(shape)), stream).astype(np.float64) / 2**32 - 0.5
    values = uniform * 0.3 + (1.0 if name.endswith(("ln_1.weight", "ln_2.weight", "ln_f.weight")) else 0.0)
    return torch.from_numpy(values.astype(np.float32).astype(np.float64)).reshape(tuple(shape))


def build(name: str, spread: float = 1.0, end_of_text: float = 1.0) -> GPT2LMHeadModel:
    """Builds a model in float64, without dropout.

    spread multiplies the matrices and biases of the blocks, and end_of_text multiplies the head's row of token 0. Both must be
    powers of two, so that float32 represents the products exactly. Unscaled models repeat one token forever in generation.
    """
    config = GPT2Config(
        **CASES[name]["config"], resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=0
    )
    model = GPT2LMHeadModel._from_config(config, attn_implementation="eager").double()
    with torch.no_grad():
        for stream, (key, parameter) in enumerate(model.named_parameters()):
            key = key.removeprefix("transformer.")
            scale = spread if key.startswith("h.") and ".ln_" not in key else 1.0
            parameter.copy_(weight(key, parameter.shape, stream + 1) * scale)
        model.lm_head.weight[0] *= end_of_text
    return model
