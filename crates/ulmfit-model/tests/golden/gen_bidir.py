"""The bidirectional classifier on documents alone, as fastai has it right: no padding for a backward layer to start at.

In a batch fastai starts the backward direction at the padding of the last chunk, so its batches are no reference. Here
each document goes through the encoder by itself; the pooled rows together go through the head. Reads the weights and
documents that `gen_awd.py` has written to the folder `golden`, and writes `awd_clas_bidir_alone.json` there.
"""
import warnings; warnings.filterwarnings("ignore")
import json, pathlib
import torch
from fastai.text.all import *
from fastai.text.models.core import masked_concat_pool
from fastai.text.models.awdlstm import *
from safetensors.torch import load_file

torch.set_num_threads(1)
G = pathlib.Path("golden")


def set_weights(self):
    # As in gen_awd.py: without dropout fastai registers the weight twice and fails at the next reset.
    for layer in self.layer_names:
        setattr(self.module, layer, getattr(self, f"{layer}_raw").clone())


WeightDropout._setweights = set_weights
case = json.load(open(G / "awd_clas_tiny.json"))["clas_bidir_clean"]
model = get_text_classifier(AWD_LSTM, 50, 3, seq_len=case["seq_len"], config=case["config"], drop_mult=0.,
                            lin_ftrs=case["lin_ftrs"], ps=[0.], max_len=case["max_len"])
start = load_file(str(G / "awd_clas_tiny_bidir.safetensors"))
values = lambda tensor: tensor.detach().double().tolist()
labels = torch.tensor(case["y"])
out = {}
for mode in ("eval", "train"):
    model.load_state_dict(start)
    getattr(model, mode)()
    model.zero_grad(set_to_none=True)
    pooled = []
    for doc in case["docs"]:
        output, mask = model[0](torch.tensor([doc]))
        pooled.append(masked_concat_pool(output, mask, case["seq_len"]))
    pooled = torch.cat(pooled)
    logits = model[1].layers(pooled)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    out[mode] = dict(pooled=values(pooled), logits=values(logits), loss=float(loss.double()),
                     grads={name: values(p.grad) for name, p in model.named_parameters()})
assert torch.allclose(torch.tensor(out["eval"]["logits"]), torch.tensor(case["eval_solo_logits"]), atol=1e-6)
json.dump(dict(seq_len=case["seq_len"], docs=case["docs"], y=case["y"], **out), open(G / "awd_clas_bidir_alone.json", "w"))
