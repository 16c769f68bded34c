"""Draw pictures of a model exported by `gan export`. Needs: pip install numpy onnxruntime

python draw.py generator.onnx pictures.npy 0 1 2 3    # seeds; a last argument label=2 chooses a class
"""

import json
import sys

import numpy as np
import onnxruntime

try:
    model_file, out, *words = sys.argv[1:]
    seeds = np.array([word for word in words if "=" not in word], np.uint64).astype(np.int64)
    label = next((int(word.removeprefix("label=")) for word in words if "=" in word), 0)
except (ValueError, OverflowError):  # a word that is no number, a seed below 0
    sys.exit(__doc__)
if not len(seeds):
    sys.exit(__doc__)

model = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
classes = json.loads(model.get_modelmeta().custom_metadata_map["card"]).get("classes") or ["the only one"]
if not 0 <= label < len(classes):  # onnxruntime would take -1 for the last class
    sys.exit(f"label={label}: the classes are " + ", ".join(f"{n} {name}" for n, name in enumerate(classes)))

feed = {"seed": seeds, "truncation": np.array(1, np.float32), "label": np.full(len(seeds), label)}
names = {port.name for port in model.get_inputs()}  # no label where there are no classes
pictures = model.run(None, {name: feed[name] for name in names})[0]
np.save(out, pictures)  # (batch, height, width, channels) in the units of the training data
print(f"{len(pictures)} synthetic pictures of {pictures.shape[1:]} in {out}")
