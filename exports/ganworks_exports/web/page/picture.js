// Pictures that come in: from a file, or drawn here to try the model.

const SAMPLE = { width: 240, height: 160 };

/** Decode a file. Returns a canvas of its size; the camera's rotation is applied. */
export async function decoded(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name || "This"} is no picture that this browser can read.`);
  }
  const canvas = canvasOf(bitmap);
  context(canvas).drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

/** The picture at another size. */
export function resized(canvas, size, smooth = true) {
  if (canvas.width === size.width && canvas.height === size.height) return canvas;
  const made = canvasOf(size);
  Object.assign(context(made), { imageSmoothingEnabled: smooth, imageSmoothingQuality: "high" });
  context(made).drawImage(canvas, 0, 0, size.width, size.height);
  return made;
}

/** Its pixels: red, green, blue and alpha of 8 bits. */
export function pixelsOf(canvas) {
  const { data: pixels, height, width } = context(canvas).getImageData(0, 0, canvas.width, canvas.height);
  let transparent = false;
  for (let i = 3; i < pixels.length && !transparent; i += 4) transparent = pixels[i] < 255;
  return { pixels, height, width, transparent };
}

/** A picture to try the model with: hills and a sun, or an arrangement of labels. */
export function sample({ labels = 0, label_colours: colours }) {
  const canvas = canvasOf(SAMPLE);
  const pen = context(canvas);
  const paint = (place, colour) => {
    const [r, g, b] = labels ? (colours?.[place % labels] ?? Array(3).fill(place % labels)) : colour;
    pen.fillStyle = `rgb(${r} ${g} ${b})`;
  };
  paint(0, [150, 196, 228]);
  pen.fillRect(0, 0, 240, 160);
  if (!labels) {
    paint(1, [250, 224, 120]); // its round edge would mix labels
    pen.beginPath();
    pen.arc(186, 42, 22, 0, 7);
    pen.fill();
  }
  for (let x = 0; x < 240; x++) {
    paint(1, [92, 128 - (x % 9), 96]);
    pen.fillRect(x, 84 + Math.round(22 * Math.sin(x / 31)), 1, 160);
    paint(2, [70, 96 + 6 * (x % 7), 52]);
    pen.fillRect(x, 116 + Math.round(12 * Math.cos(x / 19)), 1, 160);
  }
  for (let i = 0; i < 4; i++) {
    paint(3, [196, 92 + 18 * i, 74]);
    pen.fillRect(30 + 44 * i, 98, 24, 30);
    paint(4, [250, 244, 226]);
    pen.fillRect(36 + 44 * i, 104, 5, 7);
    pen.fillRect(44 + 44 * i, 104, 5, 7);
  }
  return canvas;
}

// "willReadFrequently": in main memory, where drawing gives the same bytes in every browser
const context = (canvas) => canvas.getContext("2d", { willReadFrequently: true });

const canvasOf = ({ width, height }) => Object.assign(document.createElement("canvas"), { width, height });
