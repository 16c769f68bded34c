// Draw pictures of a model exported by `gan export`: node draw.mjs generator.onnx FOLDER 0 1 2 3 [label=2]
// Writes FOLDER/SEED.pgm (grey) or .ppm (colour), formats that most viewers open.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { readCard } from "./card.js";
import { say } from "./say.js";

process.on("uncaughtException", say);
const [file, folder, ...words] = process.argv.slice(2);
if (!words.length) throw new Error("usage: node draw.mjs generator.onnx FOLDER SEED... [label=NUMBER]");
const seeds = words.filter((word) => !word.includes("="));
const label = words.find((word) => word.startsWith("label="))?.slice(6) ?? 0;

const bytes = readFileSync(file);
const card = readCard(bytes);
const classes = card.classes ?? [];
// onnxruntime would take -1 for the last class
if (classes.length && !(label >= 0 && label < classes.length)) throw new Error(`the labels are 0 to ${classes.length - 1}`);
ort.env.wasm.numThreads = 1;
const model = await ort.InferenceSession.create(bytes);

const int64 = (values) => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
const feeds = { seed: int64(seeds), truncation: new ort.Tensor("float32", [1], []) };
if (model.inputNames.includes("label")) feeds.label = int64(seeds.map(() => label));
const { image } = await model.run(feeds);
if (image.type !== "uint8") throw new Error(`the pictures are ${image.type}, PGM and PPM hold uint8`);

const [, height, width, channels] = image.dims;
const size = height * width * channels;
mkdirSync(folder, { recursive: true });
seeds.forEach((seed, i) => {
  const head = Buffer.from(`${channels === 3 ? "P6" : "P5"}\n# synthetic\n${width} ${height}\n255\n`);
  const name = join(folder, `${seed}.${channels === 3 ? "ppm" : "pgm"}`);
  writeFileSync(name, Buffer.concat([head, image.data.subarray(i * size, (i + 1) * size)]));
});
console.log(`${seeds.length} pictures in ${folder}: ${card.title ?? "untitled"}. ${card.notice ?? ""}`);
