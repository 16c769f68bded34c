// From the pixels of a screen to the values of a port: red, green, blue and alpha in, units of the model out.

import { ARRAYS } from "./model.js";
import { mirrored } from "./tiles.js";

/** How a pixel becomes the values of the model: a function of (pixels, place, into, place there). */
export function reader(card) {
  const port = card.inputs[0];
  if (card.labels) return labels(card);
  const factor = (port.high - port.low) / 255;
  const value = (level) => {
    const found = port.low + level * factor;
    return port.dtype === "float32" ? found : Math.round(found);
  };
  if (port.shape[3] === 1) {
    return (pixels, at, into, to) => {
      into[to] = value(0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]); // BT.601 luma
    };
  }
  return (pixels, at, into, to) => {
    for (let c = 0; c < 3; c++) into[to + c] = value(pixels[at + c]);
  };
}

// A label is a grey value (one of `label_map.values`, where the card lists what files hold) or, where the card
// lists `label_colours`, the place of the pixel's colour there.
function labels({ labels: count, label_colours: colours, label_map: map }) {
  const places = new Map(colours?.map(([r, g, b], place) => [(r << 16) | (g << 8) | b, place]));
  const values = new Map(map?.values.map((value, place) => [value, place]));
  const grey = (value) => (map ? (values.get(value) ?? count) : value);
  return (pixels, at, into, to) => {
    const [r, g, b] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const place = places.get((r << 16) | (g << 8) | b) ?? (r === g && g === b ? grey(r) : count);
    if (place >= count) {
      const greys = map ? `grey values ${map.values.join(", ")}` : `grey values from 0 to ${count - 1}`;
      const known = colours ? `the ${count} colours of the model, or ${greys}` : greys;
      throw new Error(`This model takes label maps: ${known}. The picture also has (${r}, ${g}, ${b}).`);
    }
    into[to] = place;
  };
}

/** The window of a picture as an array of the input, (size[0], size[1], channels). */
export function window({ start, size }, { pixels, height, width }, port, read) {
  const channels = port.shape[3];
  const values = new ARRAYS[port.dtype](size[0] * size[1] * channels);
  let to = 0;
  for (let y = 0; y < size[0]; y++) {
    const row = mirrored(start[0] + y, height) * width;
    for (let x = 0; x < size[1]; x++, to += channels) {
      read(pixels, 4 * (row + mirrored(start[1] + x, width)), values, to);
    }
  }
  return values;
}
