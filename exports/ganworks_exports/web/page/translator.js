// The mode for a model from image to image: a picture in, its result out.

import { comparison } from "./compare.js";
import { decoded, pixelsOf, resized, sample } from "./picture.js";
import { sheet } from "./png.js";
import { fitted, plan } from "./tiles.js";

const MOST_PIXELS = 80_000_000; // of a result: 320 MB on a canvas
const MOST_SIDE = 16_384; // of a canvas, in Chrome
const element = (id) => document.getElementById(id);

export const accepts = (card) => card.inputs.length === 1 && card.inputs[0].shape.length === 4;

/** Set the controls up and open the model in a worker. */
export function open(card, bytes, tell, fail) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  const runtime = answered(worker);
  worker.postMessage({ card, bytes }, [bytes.buffer]);
  return { runtime, ready: runtime.then(() => start(card, worker, tell, fail)) };
}

function answered(worker) {
  return new Promise((resolve, reject) => {
    worker.addEventListener("error", () => reject(new Error("worker.js cannot be loaded.")), { once: true });
    worker.addEventListener(
      "message",
      ({ data }) => (data.failure ? reject(new Error(data.failure)) : resolve(data.runtime)),
      { once: true },
    );
  });
}

function start(card, worker, tell, fail) {
  const begin = comparison();
  const cut = plan(card);
  let job = 0;
  let taken = 0; // pictures so far: one that is decoded sooner than an earlier one must not give way to it
  let notes = "";
  let name = "picture";
  let pen = null; // of the result
  const state = { decoding: false, working: false, whole: false };
  const set = (change) => show(Object.assign(state, change));

  const use = (canvas, called) => {
    const source = resized(canvas, fitted(cut, canvas), !card.labels);
    const size = { height: source.height * cut.scales[0], width: source.width * cut.scales[1] };
    if (size.height * size.width > MOST_PIXELS || Math.max(size.height, size.width) > MOST_SIDE) {
      throw new Error(`The result would be ${size.width} × ${size.height} pixels: too many for a browser.`);
    }
    const picture = pixelsOf(source);
    notes = remarks(card, canvas, source, picture);
    name = called;
    pen = begin(source, size).getContext("2d");
    element("progress").value = 0;
    set({ working: true, whole: false });
    worker.postMessage({ job: ++job, picture });
  };
  worker.addEventListener("message", ({ data }) => {
    if (data.job !== job) return;
    if (data.failure) {
      set({ working: false });
      fail(new Error(data.failure));
      return;
    }
    pen.putImageData(data.tile, data.left, data.top);
    element("progress").value = data.done / data.of;
    if (data.done < data.of) return;
    set({ working: false, whole: true });
    tell(`${pen.canvas.width} × ${pen.canvas.height} pixels in ${seconds(data.milliseconds)}.${notes}`);
  });
  element("cancel").addEventListener("click", () => {
    worker.postMessage({ job: ++job });
    set({ working: false });
    tell("Cancelled.");
  });
  element("save-result").addEventListener("click", () => save(card, pen.canvas, name).catch(fail));
  onPicture(card, tell, async (made) => {
    const mine = ++taken;
    element("failure").hidden = true;
    tell("");
    set({ decoding: true });
    try {
      const [canvas, called] = await made;
      if (mine === taken) use(canvas, called);
    } catch (error) {
      fail(error);
    } finally {
      if (mine === taken) set({ decoding: false });
    }
  });
  element("translator").hidden = false;
  tell("");
}

/** Show what is under way; only the whole result of the newest picture can be saved. */
function show({ decoding, working, whole }) {
  element("working").hidden = !working;
  element("save-result").disabled = decoding || working || !whole;
  element("comparison").setAttribute("aria-busy", String(decoding || working));
}

// A picture comes from the chooser, is dropped anywhere on the page, is pasted, or drawn as a sample.
function onPicture(card, tell, take) {
  const given = (files) => {
    const file = files?.[0];
    if (file) take(decoded(file).then((canvas) => [canvas, file.name.replace(/\.[^.]*$/, "") || "picture"]));
  };
  const chooser = element("file");
  chooser.addEventListener("change", () => {
    given(chooser.files);
    chooser.value = ""; // so that the same file can be chosen again
  });
  element("sample").addEventListener("click", () => take(Promise.resolve([sample(card), "sample"])));
  document.addEventListener("paste", (event) => given(event.clipboardData?.files));
  const zone = element("drop");
  for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault(); // else the browser would leave the page for the file
      zone.classList.toggle("over", over);
      if (kind !== "drop") return;
      if (event.dataTransfer.files.length) given(event.dataTransfer.files);
      else tell("That was no file: save the picture first, then drop the file here.");
    });
  }
}

// What happened to the picture that nobody asked for.
function remarks(card, canvas, source, picture) {
  const notes = [];
  if (source !== canvas) {
    const why = typeof card.inputs[0].shape[1] === "number" ? "takes this size only" : "must see a picture whole";
    notes.push(`The picture was resized to ${source.width} × ${source.height} first: the model ${why}.`);
  }
  if (picture.transparent) notes.push("Transparency was kept as it is, enlarged without smoothing.");
  if (card.inputs[0].dtype !== "uint8") notes.push("A browser hands over 8 bits of each channel.");
  return notes.map((note) => ` ${note}`).join("");
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 1 : 0)} s`;

async function save(card, canvas, name) {
  const blob = await sheet([canvas], {
    Title: card.title ?? "Machine-generated picture",
    Disclaimer: card.notice ?? "Machine-generated.",
    Comment: `synthetic content; made from ${name}, weights ${card.weights_sha256}`,
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}-result.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // not before the browser has read it
}
