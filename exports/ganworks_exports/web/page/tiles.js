// How a picture is cut for a model from image to image: as Python's runtime cuts it.

const TILE = 192; // pixels a side, without the halo
const MOST_WHOLE = 1_500_000; // pixels of a picture that a model must see whole

/** What the card says: sides that are fixed, what sides must be multiples of, the halo, the scale. */
export function plan(card) {
  const [source, result] = [card.inputs[0], card.outputs[0]];
  const sides = source.shape.slice(1, 3);
  const scales = sides.map((side, i) => {
    const made = result.shape[1 + i];
    return typeof side === "number" ? made / side : Number(/^(\d+)\*/.exec(made)?.[1] ?? 1);
  });
  const aligned = card.tiles?.multiple ?? 1;
  return {
    source,
    result,
    fixed: typeof sides[0] === "number" ? { height: sides[0], width: sides[1] } : null,
    steps: sides.map((side) => common(source.multiples?.[side] ?? 1, aligned)),
    halo: card.tiles?.halo ?? null, // null: it must see the picture whole
    scales,
  };
}

/** The size that a picture must be brought to first: its own, if the model takes it. */
export function fitted({ fixed, halo }, { height, width }) {
  if (fixed) return fixed;
  const shrink = halo === null ? Math.min(1, Math.sqrt(MOST_WHOLE / (height * width))) : 1;
  return { height: Math.max(1, Math.floor(height * shrink)), width: Math.max(1, Math.floor(width * shrink)) };
}

/**
 * The tiles of a picture, each with its window: what is computed for it, `size` from `start`.
 *
 * At a border the window moves inwards, so that all have one size and see the border that the network pads.
 */
export function tiles({ halo, fixed, steps }, { height, width }) {
  const sides = [height, width];
  const padded = sides.map((side, i) => up(side, steps[i]));
  const whole = halo === null || fixed !== null;
  const step = common(...steps);
  const tile = whole ? Infinity : up(TILE, step);
  const around = whole ? 0 : up(halo, step);
  const size = padded.map((side) => Math.min(side, tile + 2 * around));
  const found = [];
  for (let top = 0; top < height; top += tile) {
    for (let left = 0; left < width; left += tile) {
      const first = [top, left];
      found.push({
        first,
        count: first.map((place, i) => Math.min(tile, sides[i] - place)),
        start: first.map((place, i) => Math.min(Math.max(place - around, 0), padded[i] - size[i])),
        size,
      });
    }
  }
  return found;
}

/** Where place `at` beyond a side lies in it, if the picture goes on as in a mirror. */
export function mirrored(at, side) {
  const period = Math.max(2 * (side - 1), 1);
  const place = at % period;
  return Math.min(place, (period - place) % period);
}

const up = (size, step) => Math.ceil(size / step) * step;
const divisor = (a, b) => (b ? divisor(b, a % b) : a);
const common = (a, b) => (a / divisor(a, b)) * b;
