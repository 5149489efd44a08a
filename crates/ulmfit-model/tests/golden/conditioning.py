"""How far the gradients of a classifier's training step move with the last bit of the encoder.

usage: python conditioning.py   (fastai 2.8 on PyTorch; reads awd_clas_tiny.json and .pth beside it)
"""
import json
import pathlib

import torch
from fastai.text.all import AWD_LSTM, CrossEntropyLossFlat, get_text_classifier

HERE = pathlib.Path(__file__).parent
CASE = json.loads((HERE / "awd_clas_tiny.json").read_text())["clas_clean"]
HALF_UNIT = 2.0**-24


def gradients(dtype, change=lambda model: None):
    model = get_text_classifier(
        AWD_LSTM, 50, 3, seq_len=7, config=CASE["config"], drop_mult=0.0, lin_ftrs=[9], ps=[0.0], max_len=CASE["max_len"]
    )
    model.load_state_dict(torch.load(HERE / "awd_clas_tiny.pth"))
    model = model.to(dtype).train()
    change(model)
    model[0].reset()
    output = model(torch.tensor(CASE["x"]))
    CrossEntropyLossFlat()(output[0], torch.tensor(CASE["y"])).backward()
    return {name: p.grad.double() for name, p in model.named_parameters() if p.grad is not None}


def distance(a, b):
    return max(((a[name] - b[name]).abs().max() / b[name].abs().max()).item() for name in b)


def rounded(seed):
    draw = torch.Generator().manual_seed(seed)

    def round_states(_, __, output):
        noise = 2 * torch.rand(output[0].shape, generator=draw, dtype=torch.float64) - 1
        return output[0] * (1 + HALF_UNIT * noise), output[1]

    return lambda model: [rnn.register_forward_hook(round_states) for rnn in model[0].module.rnns]


exact = gradients(torch.float64)
print(f"fastai in f32: {distance(gradients(torch.float32), exact):.2e} from the exact gradients")
moved = sorted(distance(gradients(torch.float64, rounded(seed)), exact) for seed in range(40))
print(f"hidden states off by half a unit of f32: {moved[0]:.2e} to {moved[-1]:.2e}, median {moved[20]:.2e}")
torch.backends.mkldnn.enabled = False
print(f"fastai in f32 without oneDNN: {distance(gradients(torch.float32), exact):.2e}")
