// A model that is fed by the names in its card.

import { readCard } from "./card.js";

const ARRAYS = { int64: BigInt64Array, float32: Float32Array, uint8: Uint8Array };

/** Open a model; `ort` is onnxruntime-web, `bytes` the whole file. */
export async function openModel(ort, bytes) {
  const card = readCard(bytes); // before the session: its message is the better one
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return {
    card,
    bytes: bytes.length,
    input: (name) => card.inputs.find((port) => port.name === name),
    run: (values) => run(ort, session, card, values),
  };
}

// `values` are numbers by name of the input: a list for one with a batch, else a single one.
async function run(ort, session, card, values) {
  const feeds = {};
  for (const port of card.inputs) {
    const given = values[port.name] ?? port.default;
    const list = port.shape.length ? given : [given];
    const cast = port.dtype === "int64" ? BigInt : Number;
    feeds[port.name] = new ort.Tensor(
      port.dtype,
      ARRAYS[port.dtype].from(list, cast),
      port.shape.length ? [list.length] : [],
    );
  }
  return session.run(feeds);
}
