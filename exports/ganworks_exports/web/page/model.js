// A model that is fed by the names in its card.

import { openSession } from "./runtime.js";

export const ARRAYS = {
  int64: BigInt64Array, int32: Int32Array, int16: Int16Array, uint16: Uint16Array, uint8: Uint8Array,
  float32: Float32Array,
};

/** Open a model; `ort` is onnxruntime-web, `bytes` the whole file with this card. */
export async function openModel(ort, card, bytes) {
  const session = await openSession(ort, bytes);
  return {
    card,
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
