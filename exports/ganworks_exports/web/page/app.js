// The page: loads the model, then hands over to the mode for such a model.

import { showCard } from "./about.js";
import { readCard } from "./card.js";
import * as generator from "./generator.js";
import * as translator from "./translator.js";

// A mode: accepts(card) -> boolean, open(card, bytes, tell, fail) -> what it runs on. A new one is a module with
// these two, a line here and its controls in index.html.
const MODES = [generator, translator];

const element = (id) => document.getElementById(id);

function tell(text) {
  element("status").textContent = text;
}

function fail(error) {
  tell("");
  element("failure").textContent = error instanceof Error ? error.message : String(error);
  element("failure").hidden = false;
}

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

function cardOf(bytes) {
  try {
    return readCard(bytes);
  } catch (error) {
    throw new Error(`The model cannot be opened: ${error.message}`);
  }
}

async function main() {
  tell("Loading the model …");
  const bytes = await fetchBytes("model.onnx");
  const card = cardOf(bytes);
  const mode = MODES.find((candidate) => candidate.accepts(card));
  if (!mode) throw new Error("This page draws from seeds or works on pictures; the model takes neither.");
  const size = bytes.length; // a mode may hand the bytes on to its worker
  const opened = mode.open(card, bytes, tell, fail);
  showCard(card, size, await opened.runtime);
  await opened.ready;
}

element("hint").remove(); // the scripts have been loaded, so the page is served
main().catch(fail);
