// What an ONNX file says of itself. onnxruntime-web has no call for it, so the file is read here:
// metadata_props is field 14 of ModelProto, a list of (1: key, 2: value), in the encoding of protobuf.

const METADATA = 14;
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

/** The metadata of a model, texts by key. `bytes` is a Uint8Array of the whole file. */
export function readMetadata(bytes) {
  const found = {};
  for (const [field, entry] of fields(bytes)) {
    if (field === METADATA) {
      const [key, value] = pair(entry);
      found[key] = value;
    }
  }
  return found;
}

/** The card of a model: what goes in, what comes out, classes, licence, notice. */
export function readCard(bytes) {
  const { card } = readMetadata(bytes);
  if (card === undefined) throw new Error("this ONNX file has no card: it is no export of ganworks");
  return JSON.parse(card);
}

function pair(entry) {
  const texts = ["", ""];
  const decoder = new TextDecoder();
  for (const [field, text] of fields(entry)) texts[field - 1] = decoder.decode(text);
  return texts;
}

// The fields of a message that hold bytes, as [number, bytes]; numbers are passed over.
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error("this is no ONNX file, or a part of one");
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === VARINT) varint();
    else if (kind === FIXED64) at += 8;
    else if (kind === FIXED32) at += 4;
    else if (kind === BYTES) {
      const end = varint() + at;
      if (end > bytes.length) throw new Error("this is no ONNX file, or a part of one");
      yield [field, bytes.subarray(at, end)];
      at = end;
    } else throw new Error("this is no ONNX file");
  }
}
