// What the tests ask of an open page.
window.look = {
  open() {
    for (const d of document.querySelectorAll("details")) d.open = true;
  },

  // Elements of the content that stick out to the right; what scrolls by itself may.
  outside(width) {
    return [...document.querySelectorAll(".md-content *")]
      .filter((e) => !e.closest(".nn-equation__body, pre, .md-typeset__scrollwrap, math"))
      .filter((e) => e.getBoundingClientRect().right > width + 1)
      .map((e) => e.outerHTML.slice(0, 120));
  },

  // Red, green, blue from 0 to 1 and opacity of `rgb(...)` or `color(srgb ...)`.
  channels(colour) {
    const [r, g, b, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    const most = colour.startsWith("color(") ? 1 : 255;
    return [r / most, g / most, b / most, alpha];
  },

  // The contrast of two colours, from 1 to 21.
  contrast(one, other) {
    const luminance = (c) => {
      const [r, g, b] = this.channels(c).slice(0, 3).map((s) =>
        s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  },

  // The colour behind an element: of the nearest one that is not see-through.
  behind(e) {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (this.channels(colour)[3] === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  },

  // Code of too little contrast. Each pair of colours is looked at once: axe looks at
  // each of ten thousand words by itself.
  faintCode() {
    const seen = new Map();
    const walk = (e, back) => {
      const style = getComputedStyle(e);
      if (this.channels(style.backgroundColor)[3] === 1) back = style.backgroundColor;
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (own) seen.set(`${style.color} on ${back}`, [style.color, back]);
      for (const child of e.children) walk(child, back);
    };
    for (const pre of document.querySelectorAll("pre")) walk(pre, this.behind(pre));
    return [...seen].filter(([, pair]) => this.contrast(...pair) < 4.5).map(([k]) => k);
  },

  // Formulas and figures without extent, or whose ink is close to the page's colour.
  faint() {
    const back = getComputedStyle(document.body).backgroundColor;
    const contrast = (c) => this.contrast(c, back);
    const faults = [];
    for (const math of document.querySelectorAll(".md-content math")) {
      const box = math.getBoundingClientRect();
      if (box.width < 2 || box.height < 5) faults.push(`empty: ${math.textContent}`);
      if (contrast(getComputedStyle(math).color) < 4.5) faults.push("faint maths");
    }
    for (const svg of document.querySelectorAll(".nn-figure svg")) {
      const box = svg.getBoundingClientRect();
      if (box.width < 150 || box.height < 80) faults.push("small figure");
      for (const text of svg.querySelectorAll("text")) {
        const fill = getComputedStyle(text).fill;
        if (contrast(fill) < 3) faults.push(`faint: ${text.textContent} ${fill}`);
      }
    }
    return faults;
  },

  // Remember what a keyboard must reach; each focus crosses one off.
  watch() {
    const kinds = 'a[href], button, input:not([type=hidden]), summary, [tabindex="0"]';
    const all = [...document.querySelectorAll(kinds)]
      .filter(this.reachable)
      .filter((e) => !e.matches("input[type=checkbox], input[type=radio]"));
    this.left = new Set(all);
    document.addEventListener("focusin", (event) => this.left.delete(event.target));
    return all.length;
  },

  reachable(e) {
    const shown = e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length;
    return shown && !e.closest("[inert]") && !e.disabled && e.tabIndex >= 0;
  },

  // Without what has been taken away since, such as the button that leads back up.
  unvisited() {
    return [...this.left].filter(this.reachable).map((e) => e.outerHTML.slice(0, 160));
  },

  // What the clipboard gets when the first displayed equation is copied.
  copied() {
    const math = document.querySelector(".nn-equation math");
    const range = document.createRange();
    range.selectNode(math);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const clipboardData = new DataTransfer();
    const init = { clipboardData, cancelable: true };
    document.dispatchEvent(new ClipboardEvent("copy", init));
    const latex = math.querySelector("annotation").textContent;
    return [clipboardData.getData("text/plain").trim(), latex.trim()];
  },
};
