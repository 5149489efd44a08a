"""PyTorch's pace for the same step: an AWD-LSTM language model on cuDNN, with its dropouts, AR and TAR, on made-up text.

    python benches/gpu/peer.py --vocab 60000 --bs 64 [--amp bf16] [--tf32]

Prints one JSON line with the keys of `ulmfit-bench lm`. Weight dropout masks the recurrent weights of every layer anew at
each step, as fastai's WeightDropout does; the optimizer is AdamW in one launch per tensor group (`fused`).
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--vocab", type=int, default=60_000)
parser.add_argument("--bs", type=int, default=64)
parser.add_argument("--seq", type=int, default=70)
parser.add_argument("--iters", type=int, default=20)
parser.add_argument("--sizes", type=int, nargs=3, default=[400, 1152, 3])
parser.add_argument("--drop_mult", type=float, default=0.5)
parser.add_argument("--amp", choices=["bf16"])
parser.add_argument("--tf32", action="store_true")
args = parser.parse_args()
torch.manual_seed(0)
torch.backends.cuda.matmul.allow_tf32 = args.tf32
torch.backends.cudnn.allow_tf32 = args.tf32


class Layer(nn.Module):
    """One LSTM on cuDNN whose recurrent weights are masked at each call."""

    def __init__(self, inputs, hidden, drop):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.raw = nn.Parameter(self.lstm.weight_hh_l0.detach().clone())
        del self.lstm._parameters["weight_hh_l0"]
        self.lstm.weight_hh_l0 = self.raw.detach()
        self.drop = drop

    def forward(self, x, state):
        self.lstm.weight_hh_l0 = F.dropout(self.raw, self.drop, self.training)
        return self.lstm(x, state)


def locked(x, p):
    """Dropout with one mask for all steps of a row."""
    return x * torch.empty(x.size(0), 1, x.size(2), device=x.device).bernoulli_(1 - p).div_(1 - p)


class LanguageModel(nn.Module):
    def __init__(self, vocab, embed, hidden, layers, mult):
        super().__init__()
        self.embedding = nn.Embedding(vocab, embed)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        widths = [embed] + [hidden] * (layers - 1) + [embed]
        self.layers = nn.ModuleList(Layer(a, b, 0.2 * mult) for a, b in zip(widths, widths[1:]))
        self.bias = nn.Parameter(torch.zeros(vocab))
        self.p = [rate * mult for rate in (0.02, 0.25, 0.15, 0.1)]

    def forward(self, ids, targets, state):
        embed, inputs, hidden, output = self.p
        keep = torch.empty(self.embedding.num_embeddings, 1, device=ids.device).bernoulli_(1 - embed).div_(1 - embed)
        x = locked(self.embedding(ids) * keep[ids], inputs)
        after = []
        for index, layer in enumerate(self.layers):
            x, last = layer(x, state[index])
            after.append(tuple(part.detach() for part in last))
            if index + 1 < len(self.layers):
                x = locked(x, hidden)
        dropped = locked(x, output)
        logits = F.linear(dropped, self.embedding.weight, self.bias)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())
        ar = 2.0 * dropped.float().pow(2).mean()
        tar = (x[:, 1:] - x[:, :-1]).float().pow(2).mean()
        return loss, loss + ar + tar, after


embed, hidden, layers = args.sizes
model = LanguageModel(args.vocab, embed, hidden, layers, args.drop_mult).cuda()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.8, 0.99), eps=1e-5, weight_decay=0.01, fused=True)
frequencies = 1.0 / torch.arange(1, args.vocab + 1, dtype=torch.float64)
ids = torch.multinomial(frequencies, args.bs * args.seq * 2 * (args.iters + 3), replacement=True).cuda()
ids = ids.view(args.iters + 3, 2, args.bs, args.seq)
widths = [hidden] * (layers - 1) + [embed]
state = [tuple(torch.zeros(1, args.bs, width, device="cuda") for _ in range(2)) for width in widths]
seconds = []
for step in range(args.iters + 3):
    torch.cuda.synchronize()
    start = time.perf_counter()
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=args.amp == "bf16"):
        loss, objective, state = model(ids[step, 0], ids[step, 1], state)
    value = loss.item()
    objective.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    torch.cuda.synchronize()
    seconds.append(time.perf_counter() - start)
step_s = statistics.median(seconds[3:])
tokens = args.bs * args.seq
line = {"bench": "lm", "peer": f"torch {torch.__version__}", "device": torch.cuda.get_device_name(0), "vocab": args.vocab}
line |= {"bs": args.bs, "seq": args.seq, "amp": args.amp, "tf32": args.tf32, "sizes": args.sizes, "step_s": step_s}
line |= {"tok_s": tokens / step_s, "device_MB": torch.cuda.max_memory_reserved() / 1e6, "loss": value}
print(json.dumps(line))
