// Runs a model from image to image beside the page, tile by tile, so that the page answers all the while.

import { toImageData } from "./pixels.js";
import { loadRuntime, named, openSession } from "./runtime.js";
import * as cut from "./tiles.js";
import { reader, window } from "./values.js";

let open; // { ort, session, card, plan }
let newest = 0; // the job that counts; an older one stops

self.addEventListener("message", ({ data }) => {
  if (data.job !== undefined) newest = data.job;
  const answer = data.bytes ? start(data) : data.picture ? work(data) : undefined;
  answer?.catch((error) => self.postMessage({ job: data.job, failure: error.message ?? String(error) }));
});

async function start({ card, bytes }) {
  const ort = await loadRuntime();
  open = { ort, card, session: await openSession(ort, bytes), plan: cut.plan(card) };
  self.postMessage({ runtime: named(ort) });
}

// `picture` is { pixels, height, width }: red, green, blue and alpha of 8 bits.
async function work({ job, picture }) {
  const { ort, session, card, plan } = open;
  const read = reader(card);
  const parts = cut.tiles(plan, picture);
  const begin = performance.now();
  for (const [i, part] of parts.entries()) {
    await new Promise((resolve) => setTimeout(resolve)); // a later job, or an end to this one, comes in here
    if (job !== newest) return;
    const values = window(part, picture, plan.source, read);
    const shape = [1, ...part.size, plan.source.shape[3]];
    const made = await session.run({ [plan.source.name]: new ort.Tensor(plan.source.dtype, values, shape) });
    const tile = shown(made[plan.result.name].data, part, picture, plan);
    const [top, left] = part.first.map((place, axis) => place * plan.scales[axis]);
    const progress = { done: i + 1, of: parts.length, milliseconds: performance.now() - begin };
    self.postMessage({ job, tile, top, left, ...progress }, [tile.data.buffer]);
  }
}

// The tile within its window, as an ImageData that has the transparency of the picture.
function shown(values, part, picture, { result, scales }) {
  const channels = result.shape[3];
  const sizes = part.count.map((count, axis) => count * scales[axis]);
  const row = part.size[1] * scales[1];
  const inner = new values.constructor(sizes[0] * sizes[1] * channels);
  const [skipped, from] = part.first.map((place, axis) => (place - part.start[axis]) * scales[axis]);
  for (let y = 0; y < sizes[0]; y++) {
    const begin = ((skipped + y) * row + from) * channels;
    inner.set(values.subarray(begin, begin + sizes[1] * channels), y * sizes[1] * channels);
  }
  const tile = toImageData(inner, { ...result, shape: [1, ...sizes, channels] });
  if (picture.transparent) alpha(tile, part.first, picture, scales);
  return tile;
}

function alpha(tile, [top, left], { pixels, width }, [down, right]) {
  for (let y = 0; y < tile.height; y++) {
    const row = (top + Math.floor(y / down)) * width;
    for (let x = 0; x < tile.width; x++) {
      tile.data[4 * (y * tile.width + x) + 3] = pixels[4 * (row + left + Math.floor(x / right)) + 3];
    }
  }
}
