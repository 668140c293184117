// What the tests ask of an open page.
window.look = {
  // Open all details, or put them as they were.
  unfold(all) {
    this.folded ??= [...document.querySelectorAll("details:not([open])")];
    for (const d of this.folded) d.open = all;
  },

  // Turn to a theme, with the switch that a reader has.
  turn(scheme) {
    if (document.body.dataset.mdColorScheme === scheme) return;
    document.querySelector(`input[data-md-color-scheme=${scheme}]`).click();
    if (document.body.dataset.mdColorScheme !== scheme) throw new Error(scheme);
  },

  // Leave what has the focus, and see what moves arrive. It is not waited for: what is
  // folded away while it moves never arrives by itself.
  async still() {
    document.activeElement?.blur();
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    for (const animation of document.getAnimations()) animation.finish();
    await frame();
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

  // Text below an element of too little contrast. Each pair of colours is looked at
  // once: axe looks at each of ten thousand words by itself.
  faintWords(root) {
    const seen = new Map();
    const walk = (e, back) => {
      const style = getComputedStyle(e);
      if (this.channels(style.backgroundColor)[3] === 1) back = style.backgroundColor;
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (own) seen.set(`${style.color} on ${back}`, [style.color, back]);
      for (const child of e.children) {
        if (child.localName !== "annotation") walk(child, back);
      }
    };
    walk(root, this.behind(root));
    return [...seen].filter(([, pair]) => this.contrast(...pair) < 4.5).map(([k]) => k);
  },

  // Code, formulas and figures that are faint or without extent.
  faint() {
    const faults = new Set();
    for (const e of document.querySelectorAll("pre, math")) {
      for (const pair of this.faintWords(e)) faults.add(`faint ${e.localName}: ${pair}`);
    }
    for (const math of document.querySelectorAll(".md-content math")) {
      const box = math.getBoundingClientRect();
      if (box.width < 2 || box.height < 5) faults.add(`empty: ${math.textContent}`);
    }
    const back = getComputedStyle(document.body).backgroundColor;
    for (const svg of document.querySelectorAll(".nn-figure svg")) {
      const box = svg.getBoundingClientRect();
      if (box.width < 150 || box.height < 80) faults.add("small figure");
      for (const text of svg.querySelectorAll("text")) {
        const fill = getComputedStyle(text).fill;
        if (this.contrast(fill, back) < 3) faults.add(`faint: ${text.textContent} ${fill}`);
      }
    }
    return [...faults];
  },

  // What axe finds, by some rules in a part of the page (or all of it) each.
  async axe(runs) {
    const whole = this.bare();
    const found = [];
    for (const [part, rules] of runs) {
      const options = { resultTypes: ["violations"], ...rules };
      const { violations } = await axe.run(part ?? document, options);
      for (const { id, nodes } of violations) {
        for (const { html, failureSummary } of nodes.slice(0, 3)) {
          found.push(`${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 240)}`);
        }
      }
    }
    whole();
    return found;
  },

  // Take the spans that colour words out of the listings, three of four elements of a
  // page: they have a class and nothing else. Returns what puts them back.
  bare() {
    const colours = (n) => n.localName === "span" && [...n.attributes].every((a) => a.name === "class");
    const fill = (copy, nodes) => {
      for (const n of nodes) {
        if (colours(n)) fill(copy, n.childNodes);
        else if (n.nodeType === 3 && copy.lastChild?.nodeType === 3) copy.lastChild.data += n.data;
        else copy.append(n.nodeType === 1 ? fill(n.cloneNode(), n.childNodes) : n.cloneNode());
      }
      return copy;
    };
    const pairs = [...document.querySelectorAll("pre")]
      .map((pre) => [pre, fill(pre.cloneNode(), pre.childNodes)]);
    for (const [pre, copy] of pairs) pre.replaceWith(copy);
    return () => pairs.forEach(([pre, copy]) => copy.replaceWith(pre));
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
