#!/usr/bin/python3
"""How fast the peer trains: SASRec (Kang and McAuley, 2018) in PyTorch, in the sizes in which it is commonly run.

    pytorch_sasrec.py FOLDER [--threads 2] [--seconds 30] [--batch 128] [--width 64] [--loss bce|softmax]

Sequences are padded to the left to 200 events; one head, two blocks, dropout 0.2, Adam. `bce` draws one negative for
each position, as the paper does; `softmax` takes the cross-entropy over all items, as SASRec+ does (Klenitskiy and
Vasilev, 2023). Prints real tokens (positions without padding) a second. Needs python3-torch.
"""
import argparse
import csv
import gzip
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # Before torch starts its threads.

import torch
from torch import nn
from torch.nn import functional

LENGTH = 200


def read_sequences(folder):
    """Item numbers from 1 of each user, oldest first, and how many items there are."""
    path = os.path.join(folder, "interactions.csv")
    opened = gzip.open(path + ".gz", "rt") if os.path.exists(path + ".gz") else open(path)
    with opened as file:
        events = [(row["USER_ID"], int(row["TIMESTAMP"]), row["ITEM_ID"]) for row in csv.DictReader(file)]
    events.sort(key=lambda event: event[1])
    items, users = {}, {}
    for user, _, item in events:
        users.setdefault(user, []).append(items.setdefault(item, len(items) + 1))
    return [sequence[:-2] for sequence in users.values() if len(sequence) > 3], len(items)


class Block(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-8), nn.LayerNorm(width, 1e-8)
        self.attention = nn.MultiheadAttention(width, 1, dropout, batch_first=True)
        self.inner, self.outer = nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, mask):
        query = self.norm1(x)
        x = query + self.attention(query, x, x, attn_mask=mask, need_weights=False)[0]
        x = self.norm2(x)
        return x + self.dropout(self.outer(self.dropout(torch.relu(self.inner(x)))))


class SasRec(nn.Module):
    def __init__(self, item_count, width, dropout=0.2):
        super().__init__()
        self.items = nn.Embedding(item_count + 1, width, padding_idx=0)
        self.places = nn.Embedding(LENGTH, width)
        self.blocks = nn.ModuleList(Block(width, dropout) for _ in range(2))
        self.norm, self.dropout, self.scale = nn.LayerNorm(width, 1e-8), nn.Dropout(dropout), width**0.5
        self.register_buffer("mask", torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 1))

    def forward(self, sequences):
        x = self.dropout(self.items(sequences) * self.scale + self.places.weight)
        real = (sequences != 0).unsqueeze(-1)
        for block in self.blocks:
            x = block(x * real, self.mask)
        return self.norm(x)


def batch_of(sequences, chosen):
    inputs, targets = torch.zeros(len(chosen), LENGTH, dtype=torch.long), torch.zeros(len(chosen), LENGTH, dtype=torch.long)
    for row, user in enumerate(chosen):
        newest = torch.tensor(sequences[user][-LENGTH - 1:])
        inputs[row, LENGTH - len(newest) + 1:], targets[row, LENGTH - len(newest) + 1:] = newest[:-1], newest[1:]
    return inputs, targets


def loss_of(model, inputs, targets, item_count, kind):
    real = targets != 0
    states, wanted = model(inputs)[real], targets[real]
    if kind == "softmax":
        return functional.cross_entropy(states @ model.items.weight.T, wanted)
    drawn = torch.randint(1, item_count + 1, wanted.shape)
    score = lambda items: (states * model.items(items)).sum(-1)
    return (functional.softplus(-score(wanted)) + functional.softplus(score(drawn))).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--loss", choices=["bce", "softmax"], default="bce")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    sequences, item_count = read_sequences(options.folder)
    model = SasRec(item_count, options.width)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98))
    tokens, started, losses = 0, None, []
    while started is None or time.monotonic() - started < options.seconds:
        inputs, targets = batch_of(sequences, torch.randperm(len(sequences))[: options.batch].tolist())
        loss = loss_of(model, inputs, targets, item_count, options.loss)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
        if started is None:  # The first step also makes what later ones reuse.
            started = time.monotonic()
            continue
        tokens += int((targets != 0).sum())
    seconds = time.monotonic() - started
    if not losses[-1] < losses[0]:
        raise SystemExit(f"the loss did not fall: {losses[0]:.4f}, {losses[-1]:.4f}")
    print(f"{options.loss}: {tokens / seconds:.0f} tokens/s, loss {losses[0]:.4f} to {losses[-1]:.4f}, "
          f"{len(losses)} steps, torch {torch.__version__}")


if __name__ == "__main__":
    main()
