// Comforts; without JavaScript everything can still be read.
(() => {
  // A phrase in the language of the page, with values in the place of {}; for the other
  // scripts, too, which come after this one.
  const t = (self.nnSay = (text, ...values) => (self.nnWords?.[text] ?? text).replace(/\{\}/g, () => values.shift()));

  // What the theme leaves without a name, for screen readers: the search dialog, and the
  // bar of buttons on each listing, which it calls a navigation and makes one by one.
  document.querySelector(".md-search")?.setAttribute("aria-label", t("Search"));
  const unname = () => {
    for (const bar of document.querySelectorAll("nav.md-code__nav:not([role])")) {
      bar.setAttribute("role", "none");
    }
  };
  new MutationObserver(unname).observe(document.body, { childList: true, subtree: true });
  unname();

  // The button on an example copies what one would type: no prompts, no results.
  for (const code of document.querySelectorAll(".language-pycon code")) {
    const typed = code.textContent.split("\n").filter((line) => /^(>>>|\.\.\.)( |$)/.test(line));
    code.dataset.copy = typed.map((line) => line.slice(4)).join("\n");
  }

  // Copying a selection gives the LaTeX of the formulas in it, in text and in rich text.
  document.addEventListener("copy", (event) => {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData) return;
    const holder = document.createElement("div");
    for (let i = 0; i < selection.rangeCount; i++) {
      const range = selection.getRangeAt(i).cloneRange();
      // A selection that starts or ends inside a formula takes all of it.
      const whole = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest("math");
      const first = whole(range.startContainer);
      const last = whole(range.endContainer);
      if (first) range.setStartBefore(first);
      if (last) range.setEndAfter(last);
      holder.append(range.cloneContents());
    }
    const formulas = holder.querySelectorAll("math");
    if (!formulas.length) return;
    for (const math of formulas) {
      const latex = math.querySelector("annotation")?.textContent ?? math.textContent;
      const display = math.getAttribute("display") === "block";
      const written = document.createElement(display ? "div" : "span");
      written.style.whiteSpace = "pre";
      written.textContent = display ? `$$\n${latex.trim()}\n$$` : `$${latex}$`;
      math.replaceWith(written);
    }
    for (const steering of holder.querySelectorAll(".headerlink, .md-code__nav, .nn-equation__mark")) {
      steering.remove();
    }
    for (const link of holder.querySelectorAll("a[href]")) link.setAttribute("href", link.href);
    // Only what is laid out has its line breaks where a reader sees them.
    holder.style.cssText = "position: absolute; left: -200rem; width: 100rem";
    document.body.append(holder);
    event.clipboardData.setData("text/plain", holder.innerText.trim());
    holder.remove();
    event.clipboardData.setData("text/html", holder.innerHTML);
    event.preventDefault();
  });

  // Notes, checked: each verdict of the legend shows its claims alone, or all again.
  const legend = document.querySelector(".nn-verdicts");
  const article = legend?.closest("article");
  for (const word of legend?.querySelectorAll("strong") ?? []) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = word.className;
    button.textContent = t("Only these: {}", word.textContent.toLowerCase());
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const verdict = article.dataset.verdict === word.className ? "" : word.className;
      if (verdict) article.dataset.verdict = verdict;
      else delete article.dataset.verdict;
      for (const each of legend.querySelectorAll("button")) each.setAttribute("aria-pressed", each.className === verdict);
    });
    word.parentElement.append(" ", button);
  }

  // A figure with sliders: each position has its own drawing, made in the build, and all
  // are fetched when a reader reaches for one, unless the page brings them along.
  let fetched;
  const drawings = (address) => (fetched ??= new Promise((done, failed) => {
    window.nnFrames = done;
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("error", () => {
      fetched = undefined;
      script.remove();
      failed();
    });
    document.head.append(script);
  }));
  for (const [place, figure] of document.querySelectorAll(".nn-explore").entries()) {
    const stage = figure.querySelector(".nn-explore__stage");
    const sliders = [...figure.querySelectorAll("input")];
    let frames;
    const load = async () => {
      if (frames) return;
      let template = figure.querySelector("template");
      if (!template) {
        template = document.createElement("template");
        template.innerHTML = (await drawings(figure.dataset.frames))[place];
      }
      frames = template.content.children;
      figure.dataset.loaded = frames.length;
    };
    const show = async () => {
      for (const slider of sliders) {
        const value = JSON.parse(slider.dataset.values)[slider.value];
        slider.setAttribute("aria-valuetext", value);
        slider.nextElementSibling.textContent = value;
      }
      try {
        await load();
      } catch {
        for (const slider of sliders) slider.nextElementSibling.textContent = t("The drawings could not be loaded.");
        return;
      }
      let number = 0;
      for (const slider of sliders) number = number * (Number(slider.max) + 1) + Number(slider.value);
      stage.replaceChildren(...frames[number].cloneNode(true).children);
    };
    for (const slider of sliders) slider.addEventListener("input", show);
    for (const reached of ["pointerenter", "focusin"]) {
      figure.addEventListener(reached, () => load().catch(() => {}));
    }
    figure.querySelector(".nn-explore__sliders").hidden = false;
    if (sliders.some((slider) => slider.value !== slider.defaultValue)) show(); // as a browser restores them
  }

  // A figure that a script explores: loaded when it is about to be seen.
  const base = document.currentScript.src;
  const near = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        const stage = target.querySelector(".nn-explore__stage");
        const data = JSON.parse(target.querySelector("script").textContent);
        import(new URL(`explore/${target.dataset.explore}.js`, base)).then((script) => script.default(stage, data));
      }
    },
    { rootMargin: "400px" },
  );
  if (location.protocol !== "file:") {
    for (const figure of document.querySelectorAll("[data-explore]")) near.observe(figure);
  }

  // The other language, at the section that one reads: the last one that begins above.
  const other = document.querySelector(".nn-language");
  other?.addEventListener("click", () => {
    const seen = (place) => place.getBoundingClientRect().top < innerHeight / 3;
    const above = [...document.querySelectorAll("article :is(h2, h3, h4)[id]")].filter(seen).pop();
    const asked = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const here = asked && asked.getBoundingClientRect().top >= 0 && asked.getBoundingClientRect().top < innerHeight;
    other.hash = here || location.hash.startsWith("#run=") ? location.hash : (above?.id ?? "");
  });

  // From a folder, without a server, no script may read the search index.
  if (location.protocol === "file:") {
    for (const part of document.querySelectorAll(".md-search, [for=__search]")) part.hidden = true;
  }

  // Whatever scrolls sideways can be reached and scrolled by keyboard.
  const reachable = () => {
    for (const box of document.querySelectorAll(".nn-equation__body, .md-typeset__scrollwrap")) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", t("Scrolls sideways"));
      } else {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    }
  };
  // Whatever goes on beyond its right edge says so, until one has scrolled there.
  const goesOn = (box) => {
    const more = box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
    box.closest(".highlight")?.classList.toggle("nn-more", more);
  };
  const listings = document.querySelectorAll(".highlight pre > code");
  document.addEventListener("scroll", ({ target }) => target.matches?.(".highlight pre > code") && goesOn(target), { capture: true, passive: true });
  document.addEventListener("toggle", ({ target }) => target.querySelectorAll?.(".highlight pre > code").forEach(goesOn), true);
  const look = () => {
    reachable();
    listings.forEach(goesOn);
  };
  new ResizeObserver(look).observe(document.documentElement);
})();
