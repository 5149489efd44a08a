"""Exported models in fastai: `load_state_dict(strict=True)` takes them, and the logits are ours. Run by hand:

    ULMFIT_PEER_DIR=/tmp/peer cargo test --release --test model_file the_way_to_fastai
    python tests/peer/load_export.py /tmp/peer

Needs fastai 2.8 and safetensors. The folder must exist; the test writes the files that this script reads.
"""
import json, sys
import torch
from fastai.text.all import AWD_LSTM, awd_lstm_clas_config, awd_lstm_lm_config, get_language_model, get_text_classifier
from safetensors.torch import load_file

folder = sys.argv[1]
expected = json.load(open(f"{folder}/logits.json"))
tokens = torch.tensor(expected["tokens"])


def sizes(weights, prefix):
    vocabulary, embed = weights[f"{prefix}encoder.weight"].shape
    layers = sum(name.endswith("weight_hh_l0_raw") for name in weights)
    both = f"{prefix}rnns.0.module.weight_hh_l0_reverse" in weights
    hidden = weights[f"{prefix}rnns.0.weight_hh_l0_raw"].shape[1] * (2 if both else 1)
    return vocabulary, dict(emb_sz=embed, n_hid=hidden, n_layers=layers, bidir=both)


def compare(name, actual, expected):
    actual, expected = actual.detach().flatten(), torch.tensor(expected)
    error = ((actual - expected).abs().max() / expected.abs().max()).item()
    print(f"{name}: largest relative error {error:.2e}")
    assert error <= 1e-5, name


weights = load_file(f"{folder}/lm.safetensors")
vocabulary, config = sizes(weights, "0.")
model = get_language_model(AWD_LSTM, vocabulary, config={**awd_lstm_lm_config, **config})
print("language model:", model.load_state_dict(weights, strict=True))
model.eval()
model.reset()
compare("language model", model(tokens)[0], expected["lm"])

for name in ["classifier", "bidirectional"]:
    weights = load_file(f"{folder}/{name}.safetensors")
    vocabulary, config = sizes(weights, "0.module.")
    classes = weights["1.layers.1.2.weight"].shape[0]
    config = {**awd_lstm_clas_config, **config}
    model = get_text_classifier(AWD_LSTM, vocabulary, classes, config=config)
    print(f"{name}:", model.load_state_dict(weights, strict=True))
    model.eval()
    # One document at a time: in a batch fastai's result depends on the padding.
    logits = []
    for row, length in zip(tokens, expected["lengths"]):
        model.reset()
        logits.append(model(row[None, :length])[0])
    compare(name, torch.cat(logits), expected[name])
