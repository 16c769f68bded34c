// The page: loads onnxruntime-web and the model, then hands over to the mode for such a model.

import { showCard } from "./about.js";
import * as generator from "./generator.js";
import { openModel } from "./model.js";

// A mode: accepts(card) -> boolean, start(model, tell, fail). A new one, for pictures dropped into the
// page for instance, is a module with these two, a line here and its controls in index.html.
const MODES = [generator];
const ORT = new URL("ort/", import.meta.url).href;
const MOST_THREADS = 4; // more gain nothing on small networks

const element = (id) => document.getElementById(id);

function tell(text) {
  element("status").textContent = text;
}

function fail(error) {
  tell("");
  element("failure").textContent = error instanceof Error ? error.message : String(error);
  element("failure").hidden = false;
}

async function loadRuntime() {
  let ort;
  try {
    ort = await import(`${ORT}ort.wasm.min.mjs`);
  } catch {
    throw new Error(
      "ort/ort.wasm.min.mjs cannot be loaded: it is missing, or the server does not send .mjs files as " +
        "text/javascript (README.txt tells how).",
    );
  }
  ort.env.wasm.wasmPaths = ORT;
  ort.env.wasm.numThreads = threads(); // left alone it would try, and warn, where a page may not share memory
  return ort;
}

const threads = () => (crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency ?? 1) : 1);

async function fetchBytes(name) {
  let answer;
  try {
    answer = await fetch(new URL(name, import.meta.url));
  } catch {
    throw new Error(`${name} cannot be loaded: the server does not answer.`);
  }
  if (!answer.ok) throw new Error(`${name} cannot be loaded: the server answers ${answer.status}.`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function main() {
  tell("Loading the model …");
  const [ort, bytes] = await Promise.all([loadRuntime(), fetchBytes("model.onnx")]);
  const model = await openModel(ort, bytes).catch((error) => {
    throw new Error(`The model cannot be opened: ${error.message ?? error}`);
  });
  const number = threads();
  showCard(model, `onnxruntime-web ${ort.env.versions.web}, ${number} ${number === 1 ? "thread" : "threads"}`);
  const mode = MODES.find((candidate) => candidate.accepts(model.card));
  if (!mode) throw new Error("This page can draw from seeds only, and the model takes none.");
  await mode.start(model, tell, fail);
}

element("hint").remove(); // the scripts have been loaded, so the page is served
main().catch(fail);
