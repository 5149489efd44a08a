"""`ulmfit serve` and a minimal FastAPI + fastai service on the same weights, measured one after the other.

    cargo build --release
    python tests/peer/serve_fastai.py MODEL [--clients 1 8 32] [--seconds 10] [--texts FILE] [--ulmfit target/release/ulmfit]

Needs fastai 2.8 with spaCy, safetensors, fastapi and uvicorn. MODEL is the file of a classifier; its weights go to
fastai through `ulmfit export`. Three services answer POST /predict with {"text": ...}:

    ulmfit      `ulmfit serve` with its defaults
    learner     FastAPI around `Learner.predict`, as fastai's tutorials have it
    bare        FastAPI around tokenizer, numbers and model, without the learner's data loader

Each gets the same texts from the same load generator: so many clients at a time, every one with a connection of its own
that sends its next text when it has the answer to the last. The first answers are thrown away. Printed for each:
answers in a second, the median and the 99th percentile of the time of an answer, memory (resident, of the process and
its children) at rest and at its highest, and the seconds until it is ready. fastai's rules and ours differ in details
(docs/deviations.md); the largest difference of a probability over the texts is printed, too.

A fastai learner is not safe in parallel requests (a model with a hidden state), so that both peers hold a lock; on
that account their clients wait for one another. Run it where nothing else runs.
"""
import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

def made_up_texts(vocabulary):
    """Documents of 5 to 150 words of the model's vocabulary: no text is bundled."""
    words = [word for word in vocabulary if word.isalpha() and not word.startswith("xx")] or ["word"]
    lengths = [5, 12, 20, 33, 47, 60, 85, 110, 150]
    return [" ".join(words[(i * 97 + j * j * 31 + j * 7) % len(words)] for j in range(lengths[i % 9])) for i in range(90)]


def fastai_service(kind, weights_file, vocab_file, names, port):
    """The peer. Runs in a process of its own, so that its memory is its own."""
    import pandas
    import torch
    import uvicorn
    from fastai.text.all import (
        AWD_LSTM, Numericalize, SpacyTokenizer, TextDataLoaders, Tokenizer, awd_lstm_clas_config, text_classifier_learner)
    from fastapi import Body, FastAPI
    from safetensors.torch import load_file

    weights, vocab = load_file(weights_file), json.load(open(vocab_file))
    prefix = "0.module."
    embed = weights[f"{prefix}encoder.weight"].shape[1]
    layers = sum(name.endswith("weight_hh_l0_raw") for name in weights)
    hidden = weights[f"{prefix}rnns.0.weight_hh_l0_raw"].shape[1]
    rows = [{"text": "a b", "label": name} for name in names for _ in range(4)]
    data = TextDataLoaders.from_df(
        pandas.DataFrame(rows), text_col="text", label_col="label", text_vocab=vocab, bs=2, valid_pct=0.5, seed=1)
    config = {**awd_lstm_clas_config, "emb_sz": embed, "n_hid": hidden, "n_layers": layers}
    learner = text_classifier_learner(data, AWD_LSTM, config=config, pretrained=False)
    learner.model.load_state_dict(weights, strict=True)
    learner.model.eval()
    tokenizer, numbers = Tokenizer(SpacyTokenizer("en")), Numericalize(vocab=vocab)
    lock, app = threading.Lock(), FastAPI()

    def through_the_learner(text):
        with learner.no_bar(), learner.no_logging():
            return learner.predict(text)[2].tolist()

    def through_the_model(text):
        ids = numbers(tokenizer(text))
        with torch.inference_mode():
            learner.model.reset()
            return learner.model(ids[None])[0].softmax(-1)[0].tolist()

    predict = {"learner": through_the_learner, "bare": through_the_model}[kind]

    @app.get("/health")
    def health():
        return {"status": "ok"}

    # A plain function: FastAPI runs it on a thread, and the loop stays free.
    @app.post("/predict")
    def answer(text: str = Body(embed=True)):
        with lock:
            return {"probabilities": dict(zip(data.vocab[1], predict(text)))}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def memory(pid, field):
    """MiB of a process and its children."""
    total = int(re.search(rf"{field}:\s+(\d+) kB", open(f"/proc/{pid}/status").read()).group(1)) / 1024
    children = open(f"/proc/{pid}/task/{pid}/children").read().split()
    return total + sum(memory(child, field) for child in children)


def wait_until_ready(process, port):
    for _ in range(3600):
        assert process.poll() is None, "the service has ended"
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the service is not ready after three minutes")


def ask(connection, text):
    connection.request("POST", "/predict", json.dumps({"text": text}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = json.loads(response.read())
    assert response.status == 200, body
    return body["probabilities"]


def load(port, texts, clients, seconds):
    """The times of all answers that began and ended within `seconds`."""
    times, failures, start = [], [], threading.Barrier(clients)

    def client(number):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        mine, turn = [], number
        try:
            ask(connection, texts[turn % len(texts)])
            start.wait()
            end = time.perf_counter() + seconds
            while (began := time.perf_counter()) < end:
                turn += clients
                ask(connection, texts[turn % len(texts)])
                mine.append(time.perf_counter() - began)
        except Exception as error:
            failures.append(error)
            start.abort()
        times.extend(mine)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures, failures
    return sorted(times), time.perf_counter() - began


def measure(name, command, port, texts, options):
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL if name == "ulmfit" else None)
    try:
        wait_until_ready(process, port)
        ready = time.perf_counter() - began
        rest = memory(process.pid, "VmRSS")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        answers = [ask(connection, text) for text in texts[: options.compare]]
        connection.close()
        for clients in options.clients:
            times, _ = load(port, texts, clients, options.seconds)
            at = lambda share: 1000 * times[min(len(times) - 1, int(share * len(times)))]
            print(json.dumps({
                "service": name, "clients": clients, "answers_a_second": round(len(times) / options.seconds, 1),
                "p50_ms": round(at(0.5), 1), "p99_ms": round(at(0.99), 1), "answers": len(times),
                "rest_mib": round(rest), "peak_mib": round(memory(process.pid, "VmHWM")),
                "ready_s": round(ready, 2)}), flush=True)
        return answers
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--compare", type=int, default=20, help="texts whose probabilities are compared")
    parser.add_argument("--texts", help="one text a line; default: made up of the model's vocabulary")
    parser.add_argument("--services", nargs="+", default=["ulmfit", "learner", "bare"])
    parser.add_argument("--ulmfit", default="target/release/ulmfit")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights, vocab = f"{folder}/weights.safetensors", f"{folder}/vocab.json"
        export = [options.ulmfit, "export", options.model, "--format", "fastai", "--out", weights, "--vocab-out", vocab]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        one = subprocess.run([options.ulmfit, "predict", "--model", options.model, "a"], check=True, capture_output=True)
        names = ",".join(json.loads(one.stdout)["probabilities"])
        texts = open(options.texts).read().splitlines() if options.texts else made_up_texts(json.load(open(vocab)))
        answers = {}
        for name in options.services:
            port = free_port()
            command = [options.ulmfit, "serve", options.model, "--addr", f"127.0.0.1:{port}"]
            if name != "ulmfit":
                command = [sys.executable, __file__, "--peer", name, weights, vocab, names, str(port)]
            answers[name] = measure(name, command, port, texts, options)
    for name in answers.keys() - {"ulmfit"}:
        pairs = zip(answers.get("ulmfit", []), answers[name])
        differences = [abs(ours[label] - theirs[label]) for ours, theirs in pairs for label in ours]
        print(json.dumps({"compared": name, "largest_difference": max(differences, default=None)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        kind, weights, vocab, names, port = sys.argv[2:]
        fastai_service(kind, weights, vocab, names.split(","), int(port))
    else:
        main()
