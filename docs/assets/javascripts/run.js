// Run and edit the Python blocks of a page. Nothing is loaded before the first click; then
// one worker runs one block after the other, each as in a new interpreter.
//
// Edited in place as plain text: an editor would weigh forty times as much as all of this,
// and the browser's own editing knows undo, selection and screen readers.
(() => {
  const found = document.querySelectorAll(".highlight.nn-runs");
  if (!found.length || location.protocol === "file:") return; // from a folder there are no workers
  const script = new URL("workers/run.js", document.currentScript.src);
  const t = self.nnSay;
  const MOST = 2_000_000; // characters that a block may print

  // ------------------------------------------------------------ one worker, one queue

  const queue = []; // the first one runs
  let worker = null;
  let missing = "";
  let loaded = false;

  const begin = () => {
    if (!queue.length) return;
    if (!worker) {
      missing = "";
      loaded = false;
      worker = new Worker(script, { type: "module" });
      worker.onmessage = ({ data }) => hear(data);
      worker.onerror = (event) => {
        event.preventDefault();
        hear({ type: "broken", reason: event.message || t("the worker could not be loaded") });
      };
    }
    const [block] = queue;
    block.show(loaded ? "running" : "loading");
    worker.postMessage({ code: block.text(), name: `block ${block.number}`, echo: block.echoes });
  };

  const hear = (message) => {
    const [block] = queue;
    if (message.type === "missing") missing ||= message.file;
    else if (message.type === "loading") block?.loading(message.part);
    else if (message.type === "started") (loaded = true), block?.show("running");
    else if (message.type === "out" || message.type === "err") {
      if (block && !block.print(message)) stop(block, t("Stopped: it prints too much."));
    } else {
      const broken = message.type === "broken";
      if (broken) end();
      queue.shift();
      if (broken) block?.broken(missing ? t("{} could not be loaded.", missing) : t("Python ended: {}", message.reason));
      else block?.done(message);
      begin();
    }
  };

  const end = () => {
    worker?.terminate();
    worker = null;
  };

  const stop = (block, why = t("Stopped.")) => {
    const place = queue.indexOf(block);
    if (place < 0) return;
    if (place === 0) end();
    queue.splice(place, 1);
    block.stopped(why);
    if (place === 0) begin();
  };

  // --------------------------------------------------------------------------- helpers

  const make = (tag, name, text = "") => {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  };

  const button = (name, text, label, pressed) => {
    const element = make("button", name, text);
    element.type = "button";
    element.setAttribute("aria-label", label);
    element.addEventListener("click", pressed);
    return element;
  };

  const seconds = (time) => (time < 1000 ? `${Math.max(1, Math.round(time))} ms` : `${(time / 1000).toFixed(1)} s`);

  // The words in figures: where the ticks stand is up to the version of Matplotlib.
  const labels = (figures) =>
    JSON.stringify(
      [...figures].map((svg) =>
        [...svg.querySelectorAll("text")].map((text) => text.dataset.en ?? text.textContent).filter((text) => !/^[\d.,−×]+$/.test(text)),
      ),
    );

  // A drawing, with nothing in it that could act: the code may be a stranger's.
  const drawing = (source, prefix) => {
    const text = source.replaceAll("__figure__", prefix);
    const svg = new DOMParser().parseFromString(text, "text/html").querySelector("svg");
    for (const element of svg?.querySelectorAll("*") ?? []) {
      if (!/^(circle|clippath|defs|ellipse|g|image|lineargradient|line|path|pattern|polygon|polyline|rect|stop|text|tspan|use)$/i.test(element.tagName)) element.remove();
    }
    for (const element of svg ? [svg, ...svg.querySelectorAll("*")] : []) {
      for (const { name, value } of [...element.attributes]) {
        const leads = /href$/.test(name) && !/^(#|data:image\/png)/.test(value);
        if (leads || name.startsWith("on")) element.removeAttribute(name);
      }
    }
    return svg;
  };

  // Lines of the page (-) and of this run (+), by their longest common subsequence.
  const difference = (before, after) => {
    const [a, b] = [before, after].map((text) => text.replace(/\n$/, "").split("\n").slice(0, 300));
    const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    const lines = [];
    for (let i = 0, j = 0; i < a.length || j < b.length; ) {
      if (i < a.length && j < b.length && a[i] === b[j]) i++, j++;
      else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) lines.push(`- ${a[i++]}`);
      else lines.push(`+ ${b[j++]}`);
    }
    return lines.slice(0, 40).join("\n");
  };

  // Colours for code that was edited, in the classes that the page's highlighter writes.
  const TOKENS = new RegExp(
    [
      /(?<c1>#.*)/,
      /(?<s2>\b[rbfu]{0,2}(?:"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?:"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))/,
      /(?<k>\b(?:and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield)\b)/,
      /(?<kc>\b(?:True|False|None)\b)/,
      /(?<mi>\b\d[\d_.]*(?:e[-+]?\d+)?)/,
    ].map((token) => token.source).join("|"),
    "gi",
  );
  const highlight = (code, text) => {
    code.textContent = "";
    let from = 0;
    for (const match of text.matchAll(TOKENS)) {
      const [kind] = Object.entries(match.groups).find(([, token]) => token !== undefined);
      code.append(text.slice(from, match.index), make("span", kind, match[0]));
      from = match.index + match[0].length;
    }
    code.append(text.slice(from));
  };

  const kept = (key, value) => {
    try {
      if (value === undefined) return sessionStorage.getItem(key);
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, value);
    } catch {} // a browser that keeps nothing
    return null;
  };

  // Text as part of an address, compressed where that is shorter.
  const through = async (bytes, stream) =>
    new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
  const packed = async (text) => {
    const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const unpacked = async (text) => {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
  };

  // ----------------------------------------------------------------------------- blocks

  class Block {
    constructor(box, number) {
      this.number = number;
      this.code = box.querySelector("code");
      this.original = this.code.innerHTML;
      // An example of a docstring is run as it is typed: without prompts and results.
      this.echoes = box.classList.contains("language-pycon");
      this.isPlain = !this.echoes;
      this.source = this.echoes ? this.code.dataset.copy : this.code.textContent;
      this.key = `nn-run ${location.pathname} ${number}`;
      this.draws = /plt\.show\(\)\s*$/.test(this.source);
      this.root = make("div", "nn-block");
      const parts = [box];
      for (const name of this.draws ? ["nn-output", "nn-figure"] : ["nn-output"]) {
        const next = parts.at(-1).nextElementSibling;
        if (next?.classList.contains(name) && !next.classList.contains("nn-above")) parts.push(next);
      }
      box.replaceWith(this.root);
      this.root.append(...parts);
      // Folded code stands below what it prints and draws.
      const folded = this.root.parentElement.closest(".nn-code");
      let above = folded?.previousElementSibling;
      const figure = folded ? (this.draws ? above : null) : this.root;
      if (folded && this.draws) above = above.previousElementSibling;
      const output = folded?.classList.contains("nn-prints") ? above : this.root;
      if (this.echoes) this.expected = this.code.textContent.replace(/^(>>>|\.\.\.)( .*)?\n/gm, "").replace(/^<BLANKLINE>$/gm, "");
      else this.expected = output?.querySelector(".nn-output code")?.textContent ?? "";
      this.labels = labels(figure?.querySelectorAll("svg") ?? []);

      const bar = make("div", "nn-bar");
      bar.setAttribute("role", "group");
      bar.setAttribute("aria-label", t("Block {}", number));
      const { seconds } = box.dataset;
      this.name = seconds ? t("Run, about {} s", seconds) : t("Run");
      this.run = button("nn-run", this.name, t("{}, block {}", this.name, number), () => this.press());
      this.run.title = t("Runs in your browser; loads about {} MB, once", this.source.includes("matplotlib") ? 20 : 10);
      this.edit = button("nn-edit", t("Edit"), t("Edit block {}", number), () => this.open());
      this.edit.title = t("Ctrl+Enter runs, Escape leaves");
      this.link = button("nn-link", t("Link"), t("Copy a link to the edited block {}", number), () => this.share());
      this.reset = button("nn-reset", t("Reset"), t("Reset block {}", number), () => this.restore());
      this.link.hidden = this.reset.hidden = true;
      bar.append(this.reset, this.link, this.edit, this.run);
      this.code.before(bar);
      this.code.addEventListener("keydown", (event) => this.typed(event));
      this.code.addEventListener("input", () => this.edited());
      const [source, text] = JSON.parse(kept(this.key) ?? "[]");
      if (source === this.source) this.take(text);
    }

    text() {
      return this.isPlain ? this.code.textContent : this.source;
    }

    isEdited() {
      return this.text() !== this.source;
    }

    // --- editing

    open() {
      if (!this.isPlain) {
        highlight(this.code, this.source);
        this.isPlain = true;
      }
      try {
        this.code.contentEditable = "plaintext-only";
      } catch {
        this.code.contentEditable = "true";
      }
      const given = { role: "textbox", "aria-multiline": "true", "aria-label": t("Code of block {}, Escape leaves", this.number) };
      for (const [name, value] of Object.entries(given)) this.code.setAttribute(name, value);
      this.code.spellcheck = false;
      this.code.focus();
    }

    close() {
      if (!this.code.isContentEditable) return;
      this.code.contentEditable = "false";
      for (const name of ["role", "aria-multiline", "aria-label"]) this.code.removeAttribute(name);
      if (this.isEdited()) highlight(this.code, this.text());
    }

    typed(event) {
      if (!this.code.isContentEditable) return;
      const { key } = event;
      if (key === "Escape") {
        this.close();
        this.edit.focus();
      } else if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
        if (this.root.dataset.state !== "running") this.press();
      } else if (key === "Tab" && !event.shiftKey) {
        document.execCommand("insertText", false, "    ");
      } else if (key === "Enter") {
        const { startContainer, startOffset } = getSelection().getRangeAt(0);
        const before = document.createRange();
        before.setStart(this.code, 0);
        before.setEnd(startContainer, startOffset);
        const line = before.toString().split("\n").at(-1);
        document.execCommand("insertText", false, `\n${line.match(/^ */)[0]}${/:\s*$/.test(line) ? "    " : ""}`);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    }

    edited() {
      const edited = this.isEdited();
      kept(this.key, edited ? JSON.stringify([this.source, this.text()]) : null);
      this.root.toggleAttribute("data-edited", edited);
      this.link.hidden = !edited || !("CompressionStream" in window);
      this.reset.hidden = !edited && !this.result;
    }

    take(text) {
      this.isPlain = true;
      highlight(this.code, text);
      this.edited();
    }

    restore() {
      stop(this);
      this.close();
      this.code.innerHTML = this.original;
      this.isPlain = !this.echoes;
      this.clear();
      delete this.root.dataset.state;
      if (location.hash.startsWith(`#run=${this.number}.`)) history.replaceState(null, "", location.pathname + location.search);
      this.edited();
      this.edit.focus();
    }

    async share() {
      const address = new URL(location.href);
      address.hash = `run=${this.number}.${await packed(this.text())}`;
      history.replaceState(null, "", address);
      try {
        await navigator.clipboard.writeText(address.href);
        this.link.textContent = t("Copied");
      } catch {
        this.link.textContent = t("In the address");
      }
      setTimeout(() => (this.link.textContent = t("Link")), 2000);
    }

    // --- running

    press() {
      if (queue.includes(this)) return stop(this);
      this.clear();
      this.result = make("div", "nn-result");
      this.state = make("p", "nn-state");
      this.state.setAttribute("role", "status");
      this.bar = make("progress", "nn-progress");
      this.bar.setAttribute("aria-hidden", "true");
      this.bar.hidden = true;
      this.live = make("pre", "nn-live");
      this.live.tabIndex = 0;
      this.result.append(this.state, this.bar, this.live);
      this.root.append(this.result);
      this.printed = "";
      this.reset.hidden = false;
      this.run.textContent = t("Stop");
      this.run.setAttribute("aria-label", t("Stop block {}", this.number));
      queue.push(this);
      this.show(queue.length > 1 ? "waiting" : "loading");
      if (queue.length === 1) begin();
    }

    clear() {
      this.result?.remove();
      this.result = null;
      delete this.root.dataset.same;
    }

    show(state) {
      const words = { waiting: t("Waiting for the block that runs…"), loading: t("Loading Python…"), running: t("Running…") };
      this.root.dataset.state = state === "waiting" ? "loading" : state;
      this.say(words[state]);
      this.bar.hidden = state !== "loading";
    }

    // A status is read out only when it changes after it has come to stand there.
    say(text) {
      const { state } = this;
      requestAnimationFrame(() => (state.textContent === this.said ? null : (state.textContent = this.said)));
      this.said = text;
    }

    loading(part) {
      if (this.root.dataset.state !== "loading") {
        this.show("loading");
        this.say(t("Loading Matplotlib…"));
      }
      this.bar.value = part;
    }

    print({ type, text }) {
      if (type === "err") this.note("nn-error", text);
      else this.printed += text;
      this.drawn ??= requestAnimationFrame(() => this.draw());
      return this.printed.length < MOST;
    }

    draw() {
      this.drawn = null;
      if (this.result) this.live.textContent = this.printed;
    }

    note(name, text) {
      const last = this.result.lastElementChild;
      const note = last.matches(`pre.${name}`) ? last : make("pre", name);
      note.tabIndex = 0;
      note.textContent += text;
      this.result.append(note);
    }

    finish(state, words) {
      this.draw();
      this.root.dataset.state = state;
      this.say(words);
      this.bar.hidden = true;
      this.run.textContent = this.name;
      this.run.title = t("Runs in your browser");
      this.run.setAttribute("aria-label", t("{}, block {}", this.name, this.number));
    }

    done({ figures, error, milliseconds }) {
      const shown = figures.map((source, k) => drawing(source, `run-${this.number}-${k}-`)).filter(Boolean);
      for (const svg of shown) {
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", t("Figure of block {}, as run here", this.number));
        const figure = make("figure", "nn-figure");
        figure.append(svg);
        this.result.append(figure);
      }
      if (error) this.note("nn-error", error);
      const time = seconds(milliseconds);
      if (this.isEdited()) {
        this.finish(error ? "error" : "done", error ? t("Error in the edited block") : t("Edited block, {}", time));
        return;
      }
      const printsSame = this.printed === this.expected;
      const same = !error && printsSame && labels(shown) === this.labels;
      this.root.dataset.same = same;
      if (!printsSame && !error) {
        this.note("nn-diff", difference(this.expected, this.printed));
        this.result.lastElementChild.setAttribute("aria-label", t("Page (-) and this run (+)"));
      }
      const differs = printsSame ? t("Differs from the page, in the figure, {}", time) : t("Differs from the page, {}", time);
      const words = same ? t("Same as on the page, {}", time) : differs;
      this.finish(error ? "error" : "done", error ? t("Error") : words);
    }

    stopped(why) {
      this.finish("stopped", why);
    }

    broken(why) {
      this.finish("error", why);
      this.result.append(button("nn-retry", t("Retry"), t("Retry block {}", this.number), () => this.press()));
    }
  }

  const blocks = [...found].map((box, k) => new Block(box, k + 1));

  // What a link shares is put into its block, and run only when the reader says so.
  const shared = async () => {
    const [, number, text] = location.hash.match(/^#run=(\d+)\.([\w-]+)$/) ?? [];
    const block = blocks[number - 1];
    if (!block) return;
    try {
      block.take(await unpacked(text));
    } catch {
      return; // not whole
    }
    for (let box = block.root; (box = box.parentElement.closest("details")); ) box.open = true;
    block.root.scrollIntoView({ block: "center" });
    block.run.focus({ preventScroll: true });
  };
  addEventListener("hashchange", shared);
  shared();
})();
