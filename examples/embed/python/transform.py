"""Make a picture from a picture with a model exported by `gan export`.

python transform.py generator.onnx photo.png result.png    # needs: pip install numpy onnxruntime pillow
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image

if len(sys.argv) != 4:
    sys.exit(__doc__)
model_file, source, target = sys.argv[1:]
model = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
card = json.loads(model.get_modelmeta().custom_metadata_map["card"])
port = card["inputs"][0]
if len(port["shape"]) != 4:
    sys.exit(f"{model_file} draws pictures from seeds: use draw.py")
if port["dtype"] != "uint8":
    sys.exit(f"the model takes {port['dtype']}; this script reads 8 bits")

with Image.open(source) as picture:
    if not card.get("labels"):  # the values of a label map stay what they are
        picture = picture.convert("L" if port["shape"][3] == 1 else "RGB")
    pixels = np.array(picture)
rows = pixels.reshape(1, *pixels.shape[:2], -1)  # (batch, height, width, channels)
made = model.run(None, {port["name"]: rows})[0][0]
Image.fromarray(made[..., 0] if made.shape[2] == 1 else made).save(target)
print(f"{rows.shape[2]} x {rows.shape[1]} pixels became {made.shape[1]} x {made.shape[0]} in {target}")
