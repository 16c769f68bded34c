// The least that draws: the picture of seed 7 (class 0), for a model of 8-bit pictures.
import * as ort from "./ort/ort.wasm.min.mjs";

ort.env.wasm.wasmPaths = new URL("ort/", import.meta.url).href;
ort.env.wasm.numThreads = 1;
const model = await ort.InferenceSession.create("model.onnx");

const int64 = (value) => new ort.Tensor("int64", BigInt64Array.of(value), [1]);
const feeds = { seed: int64(7n), truncation: new ort.Tensor("float32", [1], []) };
if (model.inputNames.includes("label")) feeds.label = int64(0n);
const { image } = await model.run(feeds);

const [, height, width, channels] = image.dims;
const pixels = new ImageData(width, height);
for (let i = 0; i < height * width; i++) {
  for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = image.data[i * channels + (channels === 3 ? c : 0)];
  pixels.data[4 * i + 3] = 255;
}
const canvas = document.getElementById("picture");
Object.assign(canvas, { height, width }).getContext("2d").putImageData(pixels, 0, 0);
document.getElementById("status").textContent = "Drawn on this device.";
