"""What training and auditing share: the model from the GGUF file, and its weights as a file with a digest."""

import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".cache" / "t3"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"

torch.set_num_threads(1)


def base_model():
    """SmolLM2-135M-Instruct, dequantised to f32: the student before training."""
    return AutoModelForCausalLM.from_pretrained(
        ROOT / "fixtures" / "models", gguf_file=GGUF, dtype=torch.float32, attn_implementation="eager"
    )


def trained_model(arm):
    """The student of an arm, or the untrained one, in bfloat16 for inference."""
    model = base_model()
    if arm != "untrained":
        with torch.no_grad():
            weights = load_file(WORK / "students" / f"{arm}.safetensors")
            for name, parameter in model.named_parameters():
                parameter.copy_(weights[name])
    return model.to(torch.bfloat16).eval()


def save_weights(named, path):
    """Writes f32 weights whole or not at all; returns their SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in named}, partial)
    os.replace(partial, path)
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 24):
            digest.update(block)
    return digest.hexdigest()


def read_lines(path):
    with open(path, encoding="utf8") as file:
        return [json.loads(line) for line in file]
