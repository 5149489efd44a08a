"""Views of storages in every type, in both file formats: what a weight file may hold beside plain f32."""
import collections, os, sys, torch
out = sys.argv[1] if len(sys.argv) > 1 else "golden/import"
os.makedirs(out, exist_ok=True)
x = torch.arange(12.0).reshape(3, 4)
views = collections.OrderedDict({
    "encoder.weight": torch.nn.Parameter(x.t()),
    "row": x[1],
    "half": x.half()[1:, 1:],
    "brain": x.bfloat16().t(),
    "double": x.double()[:, ::2],
    "long": torch.arange(3) - 1,
    "int": torch.arange(3, dtype=torch.int32) - 1,
    "short": torch.arange(3, dtype=torch.int16) - 1,
    "char": torch.arange(3, dtype=torch.int8) - 1,
    "byte": torch.arange(3, dtype=torch.uint8) + 253,
    "bool": torch.tensor([True, False]),
    "scalar": torch.tensor(7.0),
    "empty": torch.zeros(0, 4),
})
torch.save(views, f"{out}/views.pth")
torch.save(views, f"{out}/views_legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"model": views, "opt": {"type": torch.optim.Adam, "state": [torch.zeros(2)]}}, f"{out}/wrapped_class.pth")
torch.save({**views, "wide": torch.ones(1).expand(1000)}, f"{out}/wide.pth")
import pickle
from fastcore.foundation import L
from fastai.data.transforms import CategoryMap
words = "xxunk xxpad xxbos xxeos xxfld xxrep xxwrep xxup xxmaj good bad".split()
pickle.dump(L(words), open(f"{out}/itos_l.pkl", "wb"))
pickle.dump(tuple(words), open(f"{out}/itos_tuple.pkl", "wb"))
pickle.dump(L([L(words), CategoryMap(["neg", "pos"])]), open(f"{out}/itos_classes.pkl", "wb"))
