// Pictures to take away. A PNG says in itself that it is synthetic.

const IHDR_END = 33; // signature (8), then the header chunk: length, name, 13 bytes, checksum

/** One PNG of canvases of equal size, side by side, with texts by keyword inside. Returns a Blob. */
export async function sheet(canvases, texts, gap = 2) {
  const columns = Math.ceil(Math.sqrt(canvases.length));
  const rows = Math.ceil(canvases.length / columns);
  const { width, height } = canvases[0];
  const whole = document.createElement("canvas");
  whole.width = columns * (width + gap) - gap;
  whole.height = rows * (height + gap) - gap;
  const context = whole.getContext("2d");
  canvases.forEach((canvas, i) => {
    context.drawImage(canvas, (i % columns) * (width + gap), Math.floor(i / columns) * (height + gap));
  });
  const blob = await new Promise((resolve) => whole.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("the browser cannot make a PNG of this size");
  return withTexts(new Uint8Array(await blob.arrayBuffer()), texts);
}

function withTexts(png, texts) {
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return new Blob([png.subarray(0, IHDR_END), ...chunks, png.subarray(IHDR_END)], { type: "image/png" });
}

// An iTXt chunk: keyword, two zero bytes for "not compressed", empty language and translation, UTF-8 text.
function textChunk(keyword, text) {
  const body = new TextEncoder().encode(`iTXt${keyword}\0\0\0\0\0${text}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4); // without the name of the chunk
  chunk.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  return chunk;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
