#!/usr/bin/env python3
"""Records what PyTorch computes for the sequence transformer: tests/vectors/transformer/*.json.

    tools/record_reference_tensors.py tests/vectors/transformer

Needs PyTorch (Debian: python3-torch); building and testing need only the files. The model is written down once more
here, with PyTorch's own operations and its gradients, in float64: src/tensor/gated_block.h and
src/model/sequence_transformer.h say what it is. `float32_error` says how far PyTorch's float32 is from its float64.
"""
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as functional

TIME_BUCKETS = 32
NORM_EPSILON = 1e-5
STEPS = 10

# Histories longer than length_max make pieces. 12 wide is no whole vector of AVX-512, 16 wide is multiplied as bf16.
EXAMPLES = {
    "width12": {"items": 23, "blocks": 2, "width": 12, "hidden": 10, "length_max": 52, "history_max": 70,
                "lengths": [81, 20, 2, 9, 3], "seed": 1},
    "width16": {"items": 30, "blocks": 2, "width": 16, "hidden": 8, "length_max": 20, "history_max": 50,
                "lengths": [26, 12, 2, 17, 5, 3], "seed": 2},
}
TRAINING = {"rate": 0.01, "warm_up_steps": 4, "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-8, "average": 0.99}


def block_layout(example):
    """Name, shape and where it is drawn from, in the order of BlockLayout."""
    d, h = example["width"], example["hidden"]
    return [
        ("norm1_scale", [d], "one"), ("norm1_shift", [d], "small"),
        ("qkv", [d, 3 * d], "matrix"), ("qkv_shift", [3 * d], "small"),
        ("attended", [d, d], "matrix"), ("attended_shift", [d], "small"),
        ("gate1", [d, d], "matrix"), ("gate1_shift", [d], "one"),
        ("distance", [example["length_max"]], "large"), ("time", [TIME_BUCKETS], "large"),
        ("norm2_scale", [d], "one"), ("norm2_shift", [d], "small"),
        ("expand", [d, 2 * h], "matrix"), ("expand_shift", [2 * h], "small"),
        ("contract", [h, d], "matrix"), ("contract_shift", [d], "small"),
        ("gate2", [d, d], "matrix"), ("gate2_shift", [d], "one"),
    ]


def layout(example, feature_count):
    """The same for all parameters, in the order of SequenceLayout; then the embeddings of attributes."""
    d = example["width"]
    parts = [("items", [example["items"], d], "embedding"), ("positions", [example["length_max"], d], "small")]
    for block in range(example["blocks"]):
        parts += [(f"block{block}.{name}", shape, kind) for name, shape, kind in block_layout(example)]
    return parts + [("norm_scale", [d], "one"), ("norm_shift", [d], "small"),
                    ("features", [feature_count, d], "embedding")]


def draw_parameters(example, feature_count):
    """Float64 numbers of three decimals, so that they are read alike everywhere."""
    parameters = {}
    for name, shape, kind in layout(example, feature_count):
        values = torch.randn(shape, dtype=torch.float64)
        values *= {"one": 0.1, "small": 0.1, "large": 0.5, "embedding": 0.3,
                   "matrix": math.sqrt(2 / sum(shape)) if len(shape) == 2 else 0}[kind]
        # The nearest float32, which is what the file's three decimals mean to who reads them as floats.
        parameters[name] = torch.round((values + (1 if kind == "one" else 0)) * 1000).div(1000).float().double()
    return parameters


def draw_users(example):
    """Histories with gaps of nothing, of less than a second, and up to years."""
    users = []
    for length in example["lengths"]:
        gaps = [0, 400, 1000, 59_000, 3_600_000, 86_400_000 * 3, 10_000_000_000_000]
        time = 1_600_000_000_000
        times = []
        for choice in torch.randint(0, 60, [length]).tolist():
            time += gaps[min(choice, len(gaps) - 1)] if choice < len(gaps) else 7000 * choice
            times.append(time)
        users.append({"items": torch.randint(0, example["items"], [length]).tolist(), "times": times})
    return users


def draw_categories(example):
    return [sorted({f"c{item % 3}"} | ({f"d{item % 4}"} if item % 5 else set())) for item in range(example["items"])]


def attribute_matrix(categories):
    """[items, features]: a row of unit length over an item's categories, the most frequent category first."""
    counts = {}
    for row in categories:
        for category in row:
            counts[category] = counts.get(category, 0) + 1
    names = sorted(counts, key=lambda category: (-counts[category], category))
    matrix = torch.zeros([len(categories), len(names)], dtype=torch.float64)
    for item, row in enumerate(categories):
        for category in row:
            matrix[item, names.index(category)] = 1 / math.sqrt(len(row))
    return matrix


def pieces(example, users):
    """What is learned from each user: the newest events, cut so that the newest piece is whole."""
    for user in users:
        items = user["items"][-(example["history_max"] + 1):]
        times = user["times"][-(example["history_max"] + 1):]
        steps = len(items) - 1
        first = (steps - 1) % example["length_max"] + 1
        begin = 0
        for end in range(first, steps + 1, example["length_max"]):
            yield {"items": items[begin:end], "targets": items[begin + 1:end + 1], "times": times[begin:end]}
            begin = end


def time_bucket(gap_ms):
    return 0 if gap_ms <= 0 else min((gap_ms // 1000 + 1).bit_length(), TIME_BUCKETS - 1)


def norm(x, scale, shift):
    return functional.layer_norm(x, [x.shape[-1]], scale, shift, NORM_EPSILON)


def block_forward(x, times, p):
    steps, width = x.shape
    y = norm(x, p["norm1_scale"], p["norm1_shift"])
    query, key, value = (y @ p["qkv"] + p["qkv_shift"]).split(width, dim=1)
    back = torch.tensor([[max(0, i - j) for j in range(steps)] for i in range(steps)])
    buckets = torch.tensor([[time_bucket(times[i] - times[j]) for j in range(steps)] for i in range(steps)])
    logits = query @ key.T / math.sqrt(width) + p["distance"][back] + p["time"][buckets]
    later = torch.ones([steps, steps], dtype=torch.bool).triu(1)
    attended = torch.softmax(logits.masked_fill(later, -math.inf), dim=1) @ value
    x = x + torch.sigmoid(y @ p["gate1"] + p["gate1_shift"]) * (attended @ p["attended"] + p["attended_shift"])
    y = norm(x, p["norm2_scale"], p["norm2_shift"])
    u, v = (y @ p["expand"] + p["expand_shift"]).chunk(2, dim=1)
    hidden = functional.silu(u) * v
    return x + torch.sigmoid(y @ p["gate2"] + p["gate2_shift"]) * (hidden @ p["contract"] + p["contract_shift"])


def forward(example, parameters, matrix, batch):
    """The sum of the cross-entropies over all steps, and what passes by on the way, one sequence after the other."""
    table = parameters["items"] + matrix @ parameters["features"]
    seen = {"embedded": [], **{f"block{block}": [] for block in range(example["blocks"])}, "states": []}
    loss = 0
    for piece in batch:
        steps = len(piece["items"])
        from_newest = torch.arange(steps - 1, -1, -1)
        x = table[piece["items"]] * math.sqrt(example["width"]) + parameters["positions"][from_newest]
        seen["embedded"].append(x)
        for block in range(example["blocks"]):
            own = {name.split(".")[1]: value for name, value in parameters.items() if name.startswith(f"block{block}.")}
            x = block_forward(x, piece["times"], own)
            seen[f"block{block}"].append(x)
        states = norm(x, parameters["norm_scale"], parameters["norm_shift"])
        seen["states"].append(states)
        loss = loss + functional.cross_entropy(states @ table.T, torch.tensor(piece["targets"]), reduction="sum")
    return loss, {name: torch.cat(rows) for name, rows in seen.items()}


def tensors(example, drawn, matrix, batch, dtype):
    """Tensors of one forward and backward pass; gradients are those of the sum of losses, all in one array."""
    parameters = {name: value.detach().to(dtype, copy=True).requires_grad_() for name, value in drawn.items()}
    loss, seen = forward(example, parameters, matrix.to(dtype), batch)
    loss.backward()
    gradients = torch.cat([parameters[name].grad.flatten() for name in parameters])
    return {"loss": loss.detach(), **{name: value.detach() for name, value in seen.items()}, "gradients": gradients}


def train(example, drawn, matrix, batch, dtype):
    """STEPS steps of Adam over everything: mean loss before each step, and the moving average of item embeddings."""
    parameters = {name: value.detach().to(dtype, copy=True).requires_grad_() for name, value in drawn.items()}
    average = parameters["items"].detach().clone()
    adam = torch.optim.Adam(parameters.values(), betas=(TRAINING["beta1"], TRAINING["beta2"]), eps=TRAINING["epsilon"])
    token_count = sum(len(piece["items"]) for piece in batch)
    losses = []
    for step in range(1, STEPS + 1):
        adam.param_groups[0]["lr"] = TRAINING["rate"] * min(1, step / TRAINING["warm_up_steps"])
        adam.zero_grad()
        loss = forward(example, parameters, matrix.to(dtype), batch)[0] / token_count
        loss.backward()
        losses.append(loss.detach())
        adam.step()
        kept = min(TRAINING["average"], (1 + step) / (10 + step))
        average += (1 - kept) * (parameters["items"].detach() - average)
    return {"losses": torch.stack(losses), "item_average": average}


def numbers(tensor, digits):
    return [float(f"{value:.{digits}g}") + 0 for value in tensor.double().flatten().tolist()]


def record(example):
    torch.manual_seed(example["seed"])
    categories = draw_categories(example)
    matrix = attribute_matrix(categories)
    drawn = draw_parameters(example, matrix.shape[1])
    users = draw_users(example)
    batch = list(pieces(example, users))
    results = {}
    for dtype in [torch.float64, torch.float32]:
        results[dtype] = tensors(example, drawn, matrix, batch, dtype) | train(example, drawn, matrix, batch, dtype)
    exact, rounded = results[torch.float64], results[torch.float32]
    return {
        "made_by": f"tools/record_reference_tensors.py, PyTorch {torch.__version__}, float64",
        "shape": {name: example[name] for name in
                  ["items", "blocks", "width", "hidden", "length_max", "history_max"]},
        "training": TRAINING,
        "users": users,
        "item_categories": categories,
        "batch": batch,
        "parameters": [value for tensor in drawn.values() for value in numbers(tensor, 6)],
        "tensors": {name: numbers(value, 9 if name in ("loss", "losses") else 6) for name, value in exact.items()},
        "float32_error": {name: float(f"{(exact[name] - rounded[name]).abs().max().item():.2g}") for name in exact},
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, example in EXAMPLES.items():
        recorded = record(example)
        # A line for each entry, so that a change is seen where it is.
        lines = [f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in recorded.items()]
        (folder / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
        print(name, {key: f"{value:.1g}" for key, value in recorded["float32_error"].items()},
              [round(loss, 4) for loss in recorded["tensors"]["losses"]])


if __name__ == "__main__":
    main()
