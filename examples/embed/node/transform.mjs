// Make a picture from a picture with a model exported by `gan export`:
// node transform.mjs generator.onnx in.ppm out.ppm
// .pgm (grey, or a map of labels) and .ppm (colour) of 8 bits: `magick photo.jpg in.ppm` makes one.
import { readFileSync, writeFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
import { readCard } from "./card.js";
import { say } from "./say.js";

process.on("uncaughtException", say);
const [file, source, target] = process.argv.slice(2);
if (!target) throw new Error("usage: node transform.mjs generator.onnx in.ppm out.ppm");
const bytes = readFileSync(file);
const port = readCard(bytes).inputs[0];
if (port.shape.length !== 4) throw new Error(`${file} draws pictures from seeds: use draw.mjs`);
if (port.dtype !== "uint8") throw new Error(`the model takes ${port.dtype}; PGM and PPM hold uint8`);

const { pixels, width, height, channels } = read(readFileSync(source));
if (channels !== port.shape[3]) {
  throw new Error(`${source} has ${channels} channels, the model takes ${port.shape[3]}`);
}
ort.env.wasm.numThreads = 1;
const model = await ort.InferenceSession.create(bytes);
const feeds = { [port.name]: new ort.Tensor("uint8", pixels, [1, height, width, channels]) };
const made = (await model.run(feeds))[model.outputNames[0]];
if (made.type !== "uint8") throw new Error(`the result is ${made.type}, PGM and PPM hold uint8`);

const [, rows, columns, deep] = made.dims;
const head = `${deep === 3 ? "P6" : "P5"}\n# synthetic\n${columns} ${rows}\n255\n`;
writeFileSync(target, Buffer.concat([Buffer.from(head), made.data]));
console.log(`${width} x ${height} pixels became ${columns} x ${rows} in ${target}`);

// PGM and PPM: kind, width, height, 255, with comments between, one blank, then the values.
function read(content) {
  const blank = String.raw`\s+(?:#.*\s+)*`;
  const head = new RegExp(`^(P[56])${blank}(\\d+)${blank}(\\d+)${blank}255\\s`).exec(content.toString("latin1"));
  if (!head) throw new Error("this is no binary PGM or PPM of 8 bits");
  const [width, height, channels] = [Number(head[2]), Number(head[3]), head[1] === "P6" ? 3 : 1];
  const pixels = Uint8Array.from(content.subarray(head[0].length));
  if (pixels.length !== width * height * channels) throw new Error("the picture is cut short, or holds more");
  return { pixels, width, height, channels };
}
