// What the explorables share: controls, grids of cells, numbers as they are written.
const SVG = "http://www.w3.org/2000/svg";

export const draw = (name, attributes = {}, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

export const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

export const number = (value, digits = 2) => String(Number(value.toFixed(digits))).replace("-", "−");

export const t = self.nnSay;

let count = 0;

// A box of controls: ranges and choices, each with its label; `changed` is called after each change.
export const controls = (given, changed) => {
  const box = make("div", { class: "nn-explore__sliders" });
  const values = {};
  for (const [key, { label, values: all, start }] of Object.entries(given)) {
    const ident = `nn-explore-${(count += 1)}`;
    const isRange = typeof all[0] === "number";
    const input = isRange
      ? make("input", { type: "range", id: ident, min: 0, max: all.length - 1, step: 1, value: all.indexOf(start) })
      : make("select", { id: ident }, ...all.map((text) => make("option", text === start ? { selected: "" } : {}, t(text))));
    const output = make("output", { for: ident }, isRange ? number(start) : "");
    values[key] = start;
    input.addEventListener("input", () => {
      values[key] = all[isRange ? input.value : input.selectedIndex];
      if (isRange) {
        output.textContent = number(values[key]);
        input.setAttribute("aria-valuetext", output.textContent);
      }
      changed(values);
    });
    box.append(make("label", { for: ident }, label), input, output);
  }
  return [box, values];
};

// Cells of a matrix: `fill(value, row, column)` gives [colour, opacity], `text` what stands in them.
export const grid = (values, { x, y, side, fill, text, cell = "" }) => {
  const group = draw("g", { transform: `translate(${x} ${y})` });
  for (const [r, row] of values.entries()) {
    for (const [c, value] of row.entries()) {
      const [colour, opacity] = fill(value, r, c);
      const at = { x: c * side, y: r * side, width: side, height: side };
      const box = draw("rect", { ...at, fill: colour, "fill-opacity": opacity, class: "nn-cell" });
      if (cell) box.dataset[cell] = `${r} ${c}`;
      group.append(box);
      if (text) {
        const middle = { x: (c + 0.5) * side, y: (r + 0.5) * side, "text-anchor": "middle", "dominant-baseline": "central" };
        group.append(draw("text", { ...middle, "pointer-events": "none" }, text(value)));
      }
    }
  }
  return group;
};

export const frame = (x, y, width, height, kind) => draw("rect", { x, y, width, height, class: kind, fill: "none", "pointer-events": "none" });
