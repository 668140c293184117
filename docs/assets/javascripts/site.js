// Comforts; without JavaScript everything can still be read.
(() => {
  // What the theme leaves without a name, for screen readers: the search dialog, and the
  // bar of buttons on each listing, which it calls a navigation and makes one by one.
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  const unname = () => {
    for (const bar of document.querySelectorAll("nav.md-code__nav:not([role])")) {
      bar.setAttribute("role", "none");
    }
  };
  new MutationObserver(unname).observe(document.body, { childList: true, subtree: true });
  unname();

  // Copying a selection gives the LaTeX of the formulas in it.
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
      math.replaceWith(display ? `\n$$\n${latex.trim()}\n$$\n` : `$${latex}$`);
    }
    event.clipboardData.setData("text/plain", holder.innerText ?? holder.textContent);
    event.preventDefault();
  });

  // Whatever scrolls sideways can be reached and scrolled by keyboard.
  const reachable = () => {
    for (const box of document.querySelectorAll(".nn-equation__body, .md-typeset__scrollwrap")) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", "Scrolls sideways");
      } else {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    }
  };
  new ResizeObserver(reachable).observe(document.documentElement);
})();
