// What the card says of the model, for people.

const element = (id) => document.getElementById(id);

/** Fill title, notice and the list of facts. Texts of the card are never taken for HTML. */
export function showCard(card, bytes, runtime) {
  const title = card.title ?? "Synthetic pictures";
  document.title = title;
  element("title").textContent = title;
  element("notice").textContent = card.notice ?? "Machine-generated pictures.";
  const data = card.training_data ?? {};
  const facts = {
    "Trained on": data.title,
    "Fingerprint of the training data": data.fingerprint,
    Licence: card.license,
    Picture: picture(card.outputs[0]),
    Classes: card.classes?.join(", "),
    Model: `${(bytes / 1e6).toFixed(2)} MB, profile ${card.profile ?? "fp32"}${cost(card)}`,
    "SHA-256 of the weights": card.weights_sha256,
    "Runs on": runtime,
  };
  for (const [name, text] of Object.entries(facts)) {
    if (text) element("facts").append(term("dt", name), term("dd", text));
  }
  element("about").hidden = false;
}

function picture({ shape: [, height, width, channels], dtype }) {
  const size = typeof width === "number" ? `${width} × ${height}` : times(width);
  return `${size}, ${channels} ${channels === 1 ? "channel" : "channels"}, ${dtype}`;
}

const times = (width) => (width.includes("*") ? `${width.split("*")[0]} times the size of yours` : "any size");

// What the profile costs: values differ from those in full precision by so much.
function cost({ loss, outputs }) {
  const { psnr_db: psnr, largest } = loss?.[outputs[0].name] ?? {};
  if (largest === undefined) return "";
  const ratio = psnr === undefined ? "" : `, PSNR ${psnr.toFixed(1)} dB`;
  return ` (off by at most ${Number(largest.toPrecision(3))} from full precision${ratio})`;
}

function term(kind, text) {
  const found = document.createElement(kind);
  found.textContent = text;
  return found;
}
