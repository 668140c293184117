// A small network, trained on the points while the reader watches.
import { adam, forward, lossAndGradient } from "./maths.js";
import { controls, draw, make, number, t } from "./view.js";

const SIDE = 220; // of the plane, in units of the figure
const CELLS = 44; // along each side of the plane
const LONGEST = 4; // milliseconds of steps in one frame of the screen
const MOST = 600; // steps

export default (stage, { points, labels, weights, reach }) => {
  const [box, values] = controls(
    {
      activation: { label: t("activation"), values: ["ReLU", "Tanh", "none"], start: "ReLU" },
      rate: { label: t("learning rate"), values: [0.003, 0.01, 0.02, 0.05, 0.1, 0.3], start: 0.02 },
    },
    () => restart(),
  );
  const plane = make("canvas", { width: CELLS, height: CELLS });
  const svg = draw("svg", { viewBox: "0 0 461 226", class: "nn-figure__drawing", style: "--fig-width:6.4", "font-size": "10", role: "img" });
  svg.setAttribute("aria-label", t("The classes that the network gives to the plane, the points, and the loss over the steps"));
  const said = make("p", { class: "nn-explore__said", role: "status" });
  const train = make("button", { type: "button" }, t("Train"));
  const once = make("button", { type: "button" }, t("One step"));
  const again = make("button", { type: "button" }, t("Start again"));

  const colours = [0, 1, 2].map((k) => `var(--fig-c${k})`);
  const place = ([a, b]) => [((a / reach + 1) / 2) * SIDE + 3, ((1 - b / reach) / 2) * SIDE + 3];
  const marks = points.map((point, i) => {
    const [cx, cy] = place(point);
    return draw("circle", { cx, cy, r: 2.6, fill: colours[labels[i]], stroke: "var(--fig-bg)", "stroke-width": 0.6 });
  });
  const holder = draw("foreignObject", { x: 3, y: 3, width: SIDE, height: SIDE }, plane);
  plane.style.cssText = "width: 100%; height: 100%; display: block";
  const curve = draw("path", { fill: "none", stroke: "var(--fig-c0)", "stroke-width": 1.5 });
  const right = { x: 262, y: 12, width: 190, height: 190 };
  const axes = [
    draw("path", { d: `M${right.x} ${right.y}v${right.height}h${right.width}`, fill: "none", stroke: "var(--fig-muted)", "stroke-width": 0.7 }),
    draw("text", { x: right.x + right.width / 2, y: 222, "text-anchor": "middle", "font-size": "1.35em" }, t("step")),
    draw("text", { x: right.x + 4, y: right.y + 6, "font-size": "1.35em" }, t("loss")),
    draw("text", { x: right.x - 4, y: right.y + right.height, "text-anchor": "end", "font-size": "1.3em" }, "0"),
    draw("text", { x: right.x - 4, y: right.y + 12, "text-anchor": "end", "font-size": "1.3em" }, "1.2"),
    draw("text", { x: right.x + right.width, y: right.y + right.height + 14, "text-anchor": "end", "font-size": "1.3em" }, String(MOST)),
  ];
  svg.append(holder, ...marks, ...axes, curve);

  const cells = [];
  for (let r = 0; r < CELLS; r++) {
    for (let c = 0; c < CELLS; c++) cells.push([((c + 0.5) / CELLS) * 2 * reach - reach, reach - ((r + 0.5) / CELLS) * 2 * reach]);
  }
  const largest = (row) => row.indexOf(Math.max(...row));

  let params, state, losses, running;
  const step = () => {
    const [loss, gradient] = lossAndGradient(params, points, labels, values.activation);
    adam(params, gradient, state, values);
    losses.push(loss);
  };
  const paint = () => {
    const style = getComputedStyle(stage);
    const context = plane.getContext("2d");
    const [logits] = forward(params, cells, values.activation).at(-1);
    const inks = [0, 1, 2].map((k) => style.getPropertyValue(`--fig-c${k}`));
    context.clearRect(0, 0, CELLS, CELLS);
    context.globalAlpha = 0.3;
    for (const [k, row] of logits.entries()) {
      context.fillStyle = inks[largest(row)];
      context.fillRect(k % CELLS, Math.floor(k / CELLS), 1, 1);
    }
    const [found] = forward(params, points, values.activation).at(-1);
    const fitted = found.filter((row, i) => largest(row) === labels[i]).length;
    curve.setAttribute(
      "d",
      losses.map((loss, k) => `${k ? "L" : "M"}${right.x + (k / MOST) * right.width} ${right.y + right.height * (1 - Math.min(loss / 1.2, 1))}`).join(""),
    );
    const loss = losses.length ? t("loss {}, ", number(losses.at(-1))) : "";
    said.textContent = t("Step {}: {}{} of {} points in the right class.", losses.length, loss, fitted, points.length);
  };
  const go = () => {
    if (!running) return;
    const until = performance.now() + LONGEST;
    do step();
    while (losses.length < MOST && performance.now() < until);
    paint();
    if (losses.length >= MOST) halt();
    else requestAnimationFrame(go);
  };
  const halt = () => {
    running = false;
    train.textContent = t("Train");
    train.disabled = losses.length >= MOST;
    said.setAttribute("role", "status");
  };
  const restart = () => {
    params = structuredClone(weights);
    state = { step: 0 };
    losses = [];
    halt();
    paint();
  };
  train.addEventListener("click", () => {
    if (running) return halt();
    running = true;
    train.textContent = t("Pause");
    said.removeAttribute("role"); // not read out sixty times a second
    requestAnimationFrame(go);
  });
  once.addEventListener("click", () => {
    halt();
    if (losses.length < MOST) step();
    paint();
  });
  again.addEventListener("click", restart);
  restart();
  stage.replaceChildren(svg, said);
  box.append(make("div", { class: "nn-explore__buttons" }, train, " ", once, " ", again));
  stage.after(box);
  // The colours of the plane follow the theme.
  new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
};
