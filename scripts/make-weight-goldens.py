"""Writes test/goldens/weights: one tiny GPT-2, saved by PyTorch and transformers in every supported form.

It needs torch, transformers and safetensors (CPU builds are enough):
    python scripts/make-weight-goldens.py
expected.json has the tensors as float32, separately for f32, f16 and bf16, because rounding changes them.
"""

import json
import shutil
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

folder = Path(__file__).resolve().parent.parent / "test" / "goldens" / "weights"
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)

torch.manual_seed(7)
config = GPT2Config(
    vocab_size=20, n_positions=12, n_embd=8, n_layer=2, n_head=2, bos_token_id=19, eos_token_id=19
)
model = GPT2LMHeadModel(config)
with torch.no_grad():
    for parameter in model.parameters():
        # Few bits keep the expected values short, while f16 and bf16 still round some of them.
        parameter.copy_(torch.round(torch.randn_like(parameter) * 1024) / 1024)
state = model.state_dict()


def expected(tensors):
    names = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    return {
        name: {"shape": list(tensor.shape), "values": tensor.float().flatten().tolist()}
        for name, tensor in names.items()
        if name != "lm_head.weight"
    }


def save_bin(name, tensors, **options):
    (folder / name).mkdir()
    torch.save(tensors, folder / name / "pytorch_model.bin", **options)
    config.save_pretrained(folder / name)


def without_prefix(tensors):
    return {
        name.removeprefix("transformer."): tensor for name, tensor in tensors.items() if name != "lm_head.weight"
    }


def with_masks(tensors):
    masks = {}
    for layer in range(config.n_layer):
        masks[f"transformer.h.{layer}.attn.bias"] = torch.tril(torch.ones(12, 12)).bool().view(1, 1, 12, 12)
        masks[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    return {**tensors, **masks}


def views(tensors):
    """The same values as transposed, sliced and offset views of shared storages."""
    together = torch.cat([tensor.flatten() for tensor in tensors.values()])
    result, offset = {}, 0
    for index, (name, tensor) in enumerate(tensors.items()):
        if tensor.dim() == 2 and index % 2 == 0:
            result[name] = tensor.t().contiguous().t()
        elif tensor.dim() == 2:
            result[name] = torch.cat([tensor, tensor + 1], dim=1)[:, : tensor.shape[1]]
        else:
            result[name] = together[offset : offset + tensor.numel()].view(tensor.shape)
        offset += tensor.numel()
    return result


def parameters(tensors):
    return {name: torch.nn.Parameter(tensor) for name, tensor in tensors.items()}


def cast(tensors, dtype):
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


model.save_pretrained(folder / "safetensors")
model.transformer.save_pretrained(folder / "safetensors-no-prefix")
model.save_pretrained(folder / "safetensors-sharded", max_shard_size="3KB")
for name, dtype in [("f16", torch.float16), ("bf16", torch.bfloat16)]:
    GPT2LMHeadModel.from_pretrained(folder / "safetensors", dtype=dtype).save_pretrained(
        folder / f"safetensors-{name}"
    )

save_bin("zip", with_masks(state))
save_bin("zip-no-prefix", without_prefix(state))
save_bin("zip-views", views(without_prefix(state)))
save_bin("zip-parameters", parameters(without_prefix(state)), pickle_protocol=4)
save_bin("zip-f16", cast(without_prefix(state), torch.float16))
save_bin("zip-bf16", cast(without_prefix(state), torch.bfloat16))
save_bin("zip-f64", cast(without_prefix(state), torch.float64))
save_bin("legacy", state, _use_new_zipfile_serialization=False)
save_bin("legacy-masks", with_masks(state), _use_new_zipfile_serialization=False)
save_bin("legacy-views", views(without_prefix(state)), _use_new_zipfile_serialization=False)
save_bin("legacy-f16", cast(without_prefix(state), torch.float16), _use_new_zipfile_serialization=False)

(folder / "zip-sharded").mkdir()
config.save_pretrained(folder / "zip-sharded")
halves = [dict(list(state.items())[:14]), dict(list(state.items())[14:])]
weight_map = {}
for number, half in enumerate(halves, 1):
    shard = f"pytorch_model-0000{number}-of-00002.bin"
    torch.save({name: tensor.clone() for name, tensor in half.items()}, folder / "zip-sharded" / shard)
    weight_map |= {name: shard for name in half}
(folder / "zip-sharded" / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": weight_map}))

for generation_config in folder.glob("*/generation_config.json"):
    generation_config.unlink()

(folder / "expected.json").write_text(
    json.dumps(
        {
            "f32": expected(state),
            "f16": expected(cast(state, torch.float16)),
            "bf16": expected(cast(state, torch.bfloat16)),
        }
    )
)
