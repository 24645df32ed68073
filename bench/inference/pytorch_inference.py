#!/usr/bin/python3
"""How long the peer takes for one user: two SASRec blocks over a history without padding, on one thread.

    pytorch_inference.py [--length 50] [--width 64] [--requests 3000]

The blocks are those of bench/training/pytorch_sasrec.py; what is timed is the state of the last step. Needs
python3-torch.
"""
import argparse
import importlib.util
import pathlib
import time

import torch

PATH = pathlib.Path(__file__).resolve().parents[1] / "training/pytorch_sasrec.py"
SPEC = importlib.util.spec_from_file_location("pytorch_sasrec", PATH)
SASREC = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(SASREC)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--requests", type=int, default=3000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = SASREC.SasRec(1000, arguments.width).eval()
    mask = model.mask[:arguments.length, :arguments.length]
    items = torch.randint(1, 1001, (1, arguments.length))
    places = torch.arange(arguments.length)
    micros = []
    with torch.inference_mode():
        for _ in range(200 + arguments.requests):
            begun = time.perf_counter()
            x = model.items(items) * model.scale + model.places(places)
            for block in model.blocks:
                x = block(x, mask)
            state = model.norm(x[:, -1])
            micros.append((time.perf_counter() - begun) * 1e6)
    assert torch.isfinite(state).all()
    micros = sorted(micros[200:])
    print(f"PyTorch {torch.__version__}, length {arguments.length}, width {arguments.width}: "
          f"p50 {micros[len(micros) // 2]:.1f} µs, p99 {micros[len(micros) * 99 // 100]:.1f} µs")


if __name__ == "__main__":
    main()
