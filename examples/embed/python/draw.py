"""Draw pictures of a model exported by `gan export`. Needs: pip install numpy onnxruntime

python draw.py generator.onnx pictures.npy 0 1 2 3    # seeds; a last argument label=2 chooses a class
"""

import sys

import numpy as np
import onnxruntime

model_file, out, *words = sys.argv[1:]
seeds = np.array([word for word in words if "=" not in word], np.int64)
label = next((int(word.removeprefix("label=")) for word in words if "=" in word), 0)

model = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
feed = {"seed": seeds, "truncation": np.array(1, np.float32), "label": np.full(len(seeds), label)}
names = {port.name for port in model.get_inputs()}  # no label where there are no classes
pictures = model.run(None, {name: feed[name] for name in names})[0]
np.save(out, pictures)  # (batch, height, width, channels) in the units of the training data
print(f"{len(pictures)} synthetic pictures of {pictures.shape[1:]} in {out}")
