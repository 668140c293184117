// What the tests ask of an open page.
window.look = {
  // Open all details, or put them as they were.
  unfold(all) {
    this.folded ??= [...document.querySelectorAll("details:not([open])")];
    for (const d of this.folded) d.open = all;
  },

  // Turn to a theme, as the switch does in the end; its own way there sets all elements
  // anew several times, and has tests of its own, as has the system's preference.
  turn(scheme) {
    document.body.dataset.mdColorScheme = scheme;
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
    const found = [];
    const walk = (e) => {
      if (e.matches(".nn-equation__body, pre, .md-typeset__scrollwrap, math")) return;
      if (e.getBoundingClientRect().right > width + 1) found.push(e.outerHTML.slice(0, 120));
      for (const child of e.children) walk(child);
    };
    document.querySelectorAll(".md-content").forEach((e) => [...e.children].forEach(walk));
    return found;
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
    while (e && this.channels(getComputedStyle(e).backgroundColor)[3] < 1) e = e.parentElement;
    return e ? getComputedStyle(e).backgroundColor : "rgb(255, 255, 255)";
  },

  // A colour as it is seen on another that lets nothing through.
  over(colour, back, opacity = 1) {
    const [r, g, b, own] = this.channels(colour);
    const alpha = own * opacity;
    const under = this.channels(back);
    const mixed = [r, g, b].map((c, k) => 255 * (alpha * c + (1 - alpha) * under[k]));
    return `rgb(${mixed.map((c) => c.toFixed(1)).join(", ")})`;
  },

  // Words of too little contrast, and links in a text that look like it. Each pair of
  // colours is looked at once; axe takes seconds to find out what lies behind each word.
  pale() {
    const pairs = new Map();
    const faults = new Set();
    const walk = (e, back, opacity) => {
      if (e.matches("svg, script, style, template, annotation")) return;
      const style = getComputedStyle(e);
      opacity *= style.opacity;
      back = this.over(style.backgroundColor, back, opacity);
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      const options = { opacityProperty: true, visibilityProperty: true };
      if (own && !e.disabled && e.checkVisibility(options)) {
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size > 18.6 && style.fontWeight >= 700);
        const colour = this.over(style.color, back, opacity);
        const kind = e.closest("pre, math")?.localName ?? e.localName;
        pairs.set([colour, back, large].join(), [kind, colour, back, large ? 3 : 4.5]);
        if (e.localName === "a" && this.hides(e, style, back)) {
          faults.add(`a link like its text: ${e.outerHTML.slice(0, 160)}`);
        }
      }
      for (const child of e.children) walk(child, back, opacity);
    };
    walk(document.documentElement, "rgb(255, 255, 255)", 1);
    for (const [kind, colour, back, least] of pairs.values()) {
      if (this.contrast(colour, back) < least) faults.add(`faint ${kind}: ${colour} on ${back}`);
    }
    return [...faults];
  },

  // Whether nothing but a slight difference of colour tells a link from the text around.
  hides(link, style, back) {
    let around = link.parentElement;
    while (getComputedStyle(around).display === "inline") around = around.parentElement;
    const words = [...around.childNodes].some((n) => n.nodeType === 3 && /\p{L}/u.test(n.data));
    const text = getComputedStyle(around);
    const marked = ["textDecorationLine", "borderBottomWidth", "backgroundColor", "fontWeight"];
    return words && style.display === "inline"
      && marked.every((property) => style[property] === text[property])
      && this.contrast(this.over(style.color, back), this.over(text.color, back)) < 3;
  },

  // What is faint, and formulas and figures without extent.
  faint() {
    const faults = new Set(this.pale());
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

  // What axe finds by some rules in a part of the page, or in all of it.
  async axe(part, rules) {
    const whole = this.bare();
    const options = { resultTypes: ["violations"], ...rules };
    const { violations } = await axe.run(part ?? document, options);
    whole();
    return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(
      ({ html, failureSummary }) =>
        `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 240)}`));
  },

  // Take out the spans that colour words of listings, and the parts of formulas and
  // drawings, nine of ten elements of a page: they say nothing of themselves but how they
  // look, which is not asked here. Returns what puts them back.
  bare() {
    const says = /^(id|role|tabindex|title|lang|href|aria-.*|on.*)$/;
    const looks = (n) => n.nodeType === 1 && (n.namespaceURI !== "http://www.w3.org/1999/xhtml"
      ? [...n.attributes].every((a) => !says.test(a.name))
      : n.localName === "span" && [...n.attributes].every((a) => a.name === "class"));
    const fill = (copy, nodes) => {
      for (const n of nodes) {
        if (looks(n)) fill(copy, n.childNodes);
        else if (n.nodeType === 3 && copy.lastChild?.nodeType === 3) copy.lastChild.data += n.data;
        else copy.append(n.nodeType === 1 ? fill(n.cloneNode(), n.childNodes) : n.cloneNode());
      }
      return copy;
    };
    const pairs = [...document.querySelectorAll("pre, math, svg")]
      .map((e) => [e, fill(e.cloneNode(), e.childNodes)]);
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

  // Give the focus to each of them, with a Tab that does not move it: what a script
  // does with keys and focus is seen, in no time beside what a real key costs.
  focus() {
    const held = [...this.left].filter((e) => {
      e.focus({ preventScroll: true });
      const tab = { key: "Tab", code: "Tab", bubbles: true, cancelable: true };
      return document.activeElement !== e || !e.dispatchEvent(new KeyboardEvent("keydown", tab));
    });
    held.forEach((e) => this.left.add(e));
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
