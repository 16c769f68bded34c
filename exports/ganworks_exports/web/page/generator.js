// The mode for a generator: seeds in, pictures out.

import { openModel } from "./model.js";
import { toImageData } from "./pixels.js";
import { sheet } from "./png.js";
import { loadRuntime, named } from "./runtime.js";

const BREATH_MS = 30; // the page answers at least this often while it draws
const MOST_SEED = 2n ** 63n - 1001n; // seeds are 64 bits: more than a Number holds
const element = (id) => document.getElementById(id);

export const accepts = (card) => card.inputs.some((port) => port.name === "seed");

/** Open the model, set the controls up and draw. `tell` shows a line of text, `fail` an error. */
export function open(card, bytes, tell, fail) {
  const loaded = loadRuntime();
  const model = loaded.then((ort) => openModel(ort, card, bytes));
  return {
    runtime: model.then(() => loaded).then(named),
    ready: model.then((opened) => start(opened, tell, fail)),
  };
}

function start(model, tell, fail) {
  const controls = setUp(model);
  const grid = element("grid");
  let wanted = null; // the newest request; one being drawn gives way to it
  let drawing = false;

  const draw = async () => {
    wanted = controls.read();
    if (drawing) return;
    drawing = true;
    grid.setAttribute("aria-busy", "true");
    try {
      while (wanted) {
        const request = wanted;
        wanted = null;
        const milliseconds = await paint(model, grid, request, () => wanted !== null);
        if (!wanted) tell(summary(request.seeds.length, milliseconds));
      }
    } catch (error) {
      fail(error);
    } finally {
      drawing = false;
      grid.setAttribute("aria-busy", "false");
    }
  };
  controls.onChange(draw);
  element("save").addEventListener("click", () => save(model.card, controls.read()).catch(fail));
  element("generator").hidden = false;
  return draw();
}

function setUp(model) {
  const [seed, slider, count, truncation, label] = ["seed", "seed-slider", "count", "truncation", "label"].map(element);
  const psi = model.input("truncation");
  const classes = model.input("label") ? (model.card.classes ?? []) : [];
  seed.max = MOST_SEED;
  element("truncation-row").hidden = !psi;
  if (psi) Object.assign(truncation, { min: psi.low ?? 0, max: psi.high ?? 1, value: psi.default ?? 1 });
  element("label-row").hidden = !classes.length;
  classes.forEach((name, place) => label.add(new Option(name, place)));

  const say = () => {
    element("count-value").value = count.value;
    element("truncation-value").value = Number(truncation.value).toFixed(2);
  };
  say();
  return {
    read: () => ({
      seeds: Array.from({ length: Number(count.value) }, (_, i) => whole(seed.value) + BigInt(i)),
      // in turn by the seed: a seed alone is one picture
      labelOf: (one) => (label.value === "" ? Number(one % BigInt(Math.max(classes.length, 1))) : Number(label.value)),
      classes,
      truncation: Number(truncation.value),
    }),
    onChange: (draw) => {
      const set = (value) => {
        seed.value = value;
        slider.value = value;
        draw();
      };
      seed.addEventListener("input", () => set(seed.value));
      slider.addEventListener("input", () => set(slider.value));
      element("other").addEventListener("click", () => set(Math.floor(Math.random() * 1e6)));
      element("controls").addEventListener("submit", (event) => event.preventDefault());
      for (const control of [count, truncation, label]) {
        control.addEventListener("input", () => {
          say();
          draw();
        });
      }
    },
  };
}

function whole(text) {
  const digits = /^\s*(\d{1,19})/.exec(text)?.[1] ?? "0";
  return BigInt(digits) < MOST_SEED ? BigInt(digits) : MOST_SEED;
}

// One picture at a time: the first is there at once, and memory does not grow with their number.
// Returns milliseconds a picture (the median), and stops early where `stale` says so.
async function paint(model, grid, request, stale) {
  const port = model.card.outputs[0];
  const canvases = cells(grid, request.seeds.length, port);
  const times = [];
  let breath = performance.now();
  for (const [i, canvas] of canvases.entries()) {
    if (performance.now() - breath > BREATH_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      breath = performance.now();
    }
    if (stale()) break;
    const begin = performance.now();
    const label = request.labelOf(request.seeds[i]);
    const made = await model.run({ seed: [request.seeds[i]], label: [label], truncation: request.truncation });
    times.push(performance.now() - begin);
    canvas.getContext("2d").putImageData(toImageData(made[port.name].data, port), 0, 0);
    name(canvas, request.seeds[i], request.classes[label]);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

function cells(grid, count, port) {
  const [height, width] = port.shape.slice(1);
  const side = Math.max(height, width);
  grid.className = side <= 64 ? "small" : side <= 160 ? "medium" : "large";
  while (grid.children.length > count) grid.lastChild.remove();
  while (grid.children.length < count) grid.append(cell(height, width));
  return [...grid.querySelectorAll("canvas")];
}

function cell(height, width) {
  const figure = document.createElement("figure");
  const canvas = Object.assign(document.createElement("canvas"), { height, width });
  canvas.setAttribute("role", "img");
  figure.append(canvas, document.createElement("figcaption"));
  return figure;
}

function name(canvas, seed, label) {
  const said = label === undefined ? `seed ${seed}` : `${label} · seed ${seed}`;
  canvas.setAttribute("aria-label", `Synthetic picture: ${said}`);
  canvas.nextSibling.textContent = said;
}

function summary(count, milliseconds) {
  const time = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds);
  return `${count} ${count === 1 ? "picture" : "pictures"}, ${time} ms each in this browser.`;
}

async function save(card, { seeds, truncation }) {
  const last = seeds[seeds.length - 1];
  const canvases = [...document.querySelectorAll("#grid canvas")];
  const blob = await sheet(canvases, {
    Title: card.title ?? "Synthetic pictures",
    Disclaimer: card.notice ?? "Machine-generated.",
    Comment: `synthetic content; seeds ${seeds[0]} to ${last}, truncation ${truncation}, weights ${card.weights_sha256}`,
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `synthetic-${seeds[0]}-${last}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // not before the browser has read it
}
