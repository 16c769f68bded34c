// Original and result on top of each other, with a line between them that can be moved.

const element = (id) => document.getElementById(id);

/** Wire the controls. Returns begin(canvas, size) -> the canvas of the result, which is still empty. */
export function comparison() {
  const [split, actual, stack] = ["split", "actual", "stack"].map(element);
  const say = () => {
    element("result").style.clipPath = `inset(0 0 0 ${split.value}%)`;
    element("divider").style.left = `${split.value}%`;
  };
  split.addEventListener("input", say);
  actual.addEventListener("change", () => stack.classList.toggle("actual", actual.checked));

  return (canvas, { width, height }) => {
    const [original, result] = ["original", "result"].map(element);
    Object.assign(original, { width: canvas.width, height: canvas.height });
    original.getContext("2d").drawImage(canvas, 0, 0);
    Object.assign(result, { width, height });
    stack.style.setProperty("--width", `${width}px`);
    element("comparison").hidden = false;
    say();
    return result;
  };
}
