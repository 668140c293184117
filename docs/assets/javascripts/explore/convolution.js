// One image, one kernel: what an output is the sum of, and what its gradient reaches.
import { conv2d, conv2dBackward, products } from "./maths.js";
import { controls, draw, frame, grid, make, number, t } from "./view.js";

const SIDE = 15; // of a pixel
const KEY = 24; // of a weight
const RANGE = [1, 2, 3];

export default (stage, { image, kernels }) => {
  const names = Object.keys(kernels);
  let chosen = [2, 2];
  const given = {
    kernel: { label: t("kernel"), values: names, start: names[0] },
    stride: { label: t("stride"), values: RANGE, start: 1 },
    padding: { label: t("padding"), values: [0, 1, 2], start: 0 },
    dilation: { label: t("dilation"), values: RANGE, start: 1 },
    way: { label: t("show"), values: ["forward: one output", "backward: from one output", "backward: from all outputs"], start: "forward: one output" },
  };
  const svg = draw("svg", { viewBox: "0 0 461 226", class: "nn-figure__drawing", style: "--fig-width:6.4", "font-size": "10", tabindex: 0, role: "group" });
  svg.setAttribute("aria-label", t("Image, kernel and output; arrow keys choose an output"));
  const said = make("p", { class: "nn-explore__said", role: "status" });
  const [box, values] = controls(given, () => show());

  const strongest = (matrix) => Math.max(1e-9, ...matrix.flat().map(Math.abs));
  const signed = (matrix) => {
    const most = strongest(matrix);
    return (value) => [value < 0 ? "var(--fig-c1)" : "var(--fig-c0)", Math.abs(value) / most];
  };
  const ink = (value) => ["var(--fig-fg)", value / strongest(image)];

  const show = () => {
    const kernel = kernels[values.kernel];
    const { padding, stride, dilation } = values;
    const options = { stride, padding, dilation };
    const z = conv2d(image, kernel, options);
    chosen = [Math.min(chosen[0], z.length - 1), Math.min(chosen[1], z[0].length - 1)];
    const [i, j] = chosen;
    const reached = products(i, j, kernel.length, options);
    const isForward = values.way.startsWith("forward");
    const isOne = !values.way.endsWith("all outputs");
    const dz = z.map((row, r) => row.map((_, c) => (!isOne || (r === i && c === j) ? 1 : 0)));
    const [dx, dw] = conv2dBackward(dz, image, kernel, options);

    const padded = image.length + 2 * padding;
    const top = 18;
    const left = 1 + (2 - padding) * SIDE; // the image keeps its place
    const from = { x: left + padding * SIDE, y: top + 2 * SIDE };
    const middle = 12 * SIDE + 17;
    const right = 461 - 10 * SIDE - 1;
    const title = (x, text) => draw("text", { x, y: 9, "font-size": "1.2em" }, text);
    const parts = [
      title(1, isForward ? t("image x") : "∂/∂x"),
      title(middle, isForward ? t("kernel w") : "∂/∂w"),
      title(right, isForward ? t("output z") : t("upstream ∂/∂z")),
      frame(left, top + (2 - padding) * SIDE, padded * SIDE, padded * SIDE, "nn-padding"),
      grid(isForward ? image : dx, { ...from, side: SIDE, fill: isForward ? ink : signed(dx) }),
      grid(isForward ? kernel : dw, { x: middle, y: top + 2 * SIDE, side: KEY, fill: signed(isForward ? kernel : dw), text: (v) => number(v, 1) }),
      grid(isForward ? z : dz, { x: right, y: top + 2 * SIDE, side: SIDE, fill: signed(isForward ? z : dz), cell: "output" }),
    ];
    if (isOne) {
      for (const [r, c] of reached) parts.push(frame(from.x + c * SIDE, from.y + r * SIDE, SIDE, SIDE, "nn-chosen"));
      parts.push(frame(right + j * SIDE, top + (2 + i) * SIDE, SIDE, SIDE, "nn-chosen"));
    }
    svg.replaceChildren(...parts);

    const inside = reached.filter(([r, c]) => image[r]?.[c] !== undefined);
    const words = {
      "forward: one output": () => {
        const sum = reached.map(([r, c, u, v]) => `${number(image[r]?.[c] ?? 0)}·${kernel[u][v] < 0 ? `(${number(kernel[u][v])})` : number(kernel[u][v])}`);
        return `z[${i}, ${j}] = ${sum.join(" + ")} = ${number(z[i][j])}`;
      },
      "backward: from one output": () =>
        t("z[{}, {}] read {} pixels: each gets the weight that it met, and each weight gets the pixel that it met.", i, j, inside.length),
      "backward: from all outputs": () => t("Each pixel gets the sum of the weights that it met, and each weight the sum of the pixels that it met."),
    };
    said.textContent = words[values.way]();
  };

  // A browser reports what comes to lie under a pointer that rests, too: that is no choice.
  let place = "";
  const pick = (event) => {
    const at = event.target.dataset?.output;
    const rests = place === (place = `${event.clientX} ${event.clientY}`);
    if (at && !rests) (chosen = at.split(" ").map(Number)), show();
  };
  svg.addEventListener("pointerover", pick);
  svg.addEventListener("pointerdown", pick);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    chosen = chosen.map((at, k) => Math.max(0, at + step[k]));
    show();
  });
  show();
  stage.replaceChildren(svg, said);
  stage.after(box);
};
