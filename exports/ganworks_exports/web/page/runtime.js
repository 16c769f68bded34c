// onnxruntime-web, for the page and for its worker.

const ORT = new URL("ort/", import.meta.url).href;
const MOST_THREADS = 4; // more gain nothing on small networks

const threads = () => (crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency ?? 1) : 1);

export async function loadRuntime() {
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

/** What the model runs on, for people. */
export function named(ort) {
  const number = threads();
  return `onnxruntime-web ${ort.env.versions.web}, ${number} ${number === 1 ? "thread" : "threads"}`;
}

/** A session for the bytes of a model. */
export async function openSession(ort, bytes) {
  try {
    return await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  } catch (error) {
    throw new Error(`The model cannot be opened: ${error.message ?? error}`);
  }
}
