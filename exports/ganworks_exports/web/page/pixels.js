// From values in the units of a model to pixels of a screen.

/**
 * Show a picture, (height, width, channels) in the units of its port, as an ImageData.
 *
 * The range of the port becomes 0 to 255; without one, that of the picture. Three channels are red, green
 * and blue; of any other number the first is shown in grey.
 */
export function toImageData(values, port) {
  const [height, width, channels] = port.shape.slice(1);
  const [low, high] = range(values, port);
  const factor = high > low ? 255 / (high - low) : 0;
  const places = channels === 3 ? [0, 1, 2] : [0, 0, 0];
  const pixels = new Uint8ClampedArray(height * width * 4); // clamps and rounds what is put in
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) {
      pixels[4 * i + c] = (Number(values[i * channels + places[c]]) - low) * factor;
    }
    pixels[4 * i + 3] = 255;
  }
  return new ImageData(pixels, width, height);
}

function range(values, port) {
  if (port.low !== undefined && port.high !== undefined) return [port.low, port.high];
  if (port.dtype === "uint8") return [0, 255];
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, Number(value));
    high = Math.max(high, Number(value));
  }
  return [low, high];
}
