// Between the theme and its search worker (lunr): mends the query, ranks what was found.
//
// What lunr cannot know: that a section explains a term which it does not have in its
// title (`names`, from the glossary), that concept pages come before reference and
// glossary, that 1x1 is 1×1, and that sofmax is a slip. Messages are the theme's own.
(() => {
  const SETUP = 0;
  const QUERY = 2;
  const RESULT = 3;

  // In the language of the edition.
  const phrases = new URL(location).searchParams.get("words");
  if (phrases) importScripts(phrases);
  const t = (text) => self.nnWords?.[text] ?? text;

  // What a page is, by the first part of its address, and how much that counts.
  const REFERENCE = t("Reference");
  const KINDS = {
    concepts: [t("Concept"), 1],
    notation: [t("Notation"), 0.8],
    glossary: [t("Glossary"), 0.8],
    reference: [REFERENCE, 0.55],
    "notes-checked": [t("Notes, checked"), 0.6],
  };
  const OTHER = [t("About"), 0.6];
  // One who types a name of the code wants its entry.
  const CODE = /[a-z]_[a-z]|[a-z]{2}\d/i;
  // Every concept page has these; what they say is explained elsewhere.
  const LAST = /#(exercises|next|what-to-read-next)$/;

  const ASKING = /什么是|是什么|为什么|为何|如何|怎么|怎样|使用|什么|有何|的|吗|呢/gu;
  const FILLERS = new Set(
    "a an and are do does for how i in is it of on or the to use used using what when why".split(" "),
  );

  // Lower case and without markup; × as one types it, and one spelling of -isation.
  const plain = (text) =>
    text
      .replace(/<[^>]*>|\u200b/g, "")
      .toLowerCase()
      .replaceAll("×", "x")
      .replace(/isation/g, "ization");
  const words = (text) => plain(text).match(/\p{sc=Han}+|[^\s\p{P}\p{S}\p{sc=Han}]+/gu) ?? [];
  const isHan = (word) => /^\p{sc=Han}/u.test(word);
  const size = (list) => list.reduce((sum, word) => sum + word.length, 0);

  // How many letters two words share: as a beginning, or for Chinese as a part.
  const shared = (asked, word) => {
    if (isHan(asked)) {
      return word.includes(asked) || asked.includes(word) ? Math.min(asked.length, word.length) : 0;
    }
    if (word.startsWith(asked)) return asked.length;
    return asked === `${word}s` ? word.length : 0;
  };

  // From 0 to 1: how well a name answers. 1 if each is all of the other; a beginning,
  // as in batch norm, counts half of what is left out.
  const fit = (asked, name) => {
    if (!asked.length || !name.length) return 0;
    const once = (a, b, rest) => {
      let from = 0;
      let of = 0;
      for (const one of a) {
        const [letters, word] = b
          .map((other) => [shared(one, other), other])
          .reduce((best, each) => (each[0] > best[0] ? each : best));
        if (!letters) continue;
        from += isHan(one) ? letters : one.length;
        of += isHan(one) ? letters : letters + rest * (word.length - letters);
      }
      return (from / size(a)) ** 2 * Math.min(1, of / size(b));
    };
    return Math.max(once(asked, name, 0.5), once([asked.join("")], [name.join("")], 0));
  };

  // Insertions, deletions, replacements and swaps of neighbours between two words.
  const distance = (a, b) => {
    const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
    for (let i = 1; i <= a.length; i++) {
      rows.push([i]);
      for (let j = 1; j <= b.length; j++) {
        const same = a[i - 1] === b[j - 1] ? 0 : 1;
        rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same);
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
          rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
      }
    }
    return rows[a.length][b.length];
  };

  let entries = new Map(); // by location: the entry, the words of its title and names
  let known = []; // every word of the site, in order
  let common = new Map(); // how often a word stands in titles and names
  let english = []; // Chinese names with the words of the English one, longest first
  let asked = []; // the words of the query that is being answered
  let translated = []; // the same, with Chinese terms in English
  let code = ""; // the query, where it looks like a name of the code

  const prepare = (docs) => {
    entries = new Map();
    common = new Map();
    english = [];
    const all = new Set();
    for (const doc of docs) {
      const title = words(doc.title);
      const names = (doc.names ?? []).map(words);
      entries.set(doc.location, { doc, title, names });
      for (const word of [title, ...names].flat()) common.set(word, (common.get(word) ?? 0) + 1);
      for (const word of words(doc.text).concat(title, ...names)) all.add(word);
      let term = [];
      for (const [i, name] of names.entries()) {
        if (!name.some(isHan)) term = name;
        else if (term.length && name.length === 1) english.push([name[0], term]);
      }
    }
    english.sort((a, b) => b[0].length - a[0].length);
    known = [...all].sort();
  };

  const isKnown = (word) => {
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (known[middle] < word) low = middle + 1;
      else high = middle;
    }
    return known[low]?.startsWith(word) || known.includes(word.replace(/s$/, ""));
  };

  // A word that stands nowhere becomes the nearest one of a title, if one is near.
  const mended = (word) => {
    if (isHan(word) || word.length < 4 || isKnown(word)) return word;
    let best = [word.length < 7 ? 1 : 2, 0, word];
    for (const [other, count] of common) {
      if (isHan(other) || Math.abs(other.length - word.length) > 2) continue;
      const apart = distance(word, other);
      if (apart < best[0] || (apart === best[0] && count > best[1])) best = [apart, count, other];
    }
    return best[2];
  };

  const inEnglish = (word) => {
    if (!isHan(word)) return [word];
    const entry = english.find(([name]) => word.includes(name));
    if (!entry) return [word];
    const [before, after] = word.split(entry[0]);
    return [before && inEnglish(before), entry[1], after && inEnglish(after)].flat().filter(Boolean);
  };

  // What lunr is asked. Here the words are kept, by which its answer is ranked.
  const understood = (query) => {
    const bare = words(query.replace(ASKING, " "));
    const telling = bare.filter((word) => !FILLERS.has(word));
    const used = telling.length ? telling : bare;
    asked = used.map(mended);
    translated = asked.flatMap(inEnglish);
    code = CODE.test(query) ? query.trim().toLowerCase() : "";
    let said = query.replace(ASKING, " ");
    for (const [i, word] of used.entries()) {
      if (word !== asked[i]) said = said.replace(new RegExp(word, "iu"), asked[i]);
    }
    const more = translated.filter((word) => !asked.includes(word));
    return [said.replace(/(\d)x(?=\d)/gi, "$1×"), ...more].join(" ");
  };

  // What is marked on the page: Chinese words as a whole, not what lunr made of them.
  const marked = (item, { doc }) => {
    const han = asked.filter(isHan);
    if (!han.length) return item.terms;
    const text = plain(doc.title + doc.text);
    const others = Object.entries(item.terms).filter(([term, is]) => is && !isHan(term));
    const whole = han.filter((word) => text.includes(word)).map((word) => [word, true]);
    return Object.fromEntries([...others, ...whole]);
  };

  const ranked = (items) => {
    const found = new Map(items.flat().filter((i) => i.score).map((i) => [i.location, i]));
    const most = Math.max(...[...found.values()].map((item) => item.score), 1e-9);
    const pages = new Map();
    for (const [location, entry] of entries) {
      const answers = (name) => Math.max(fit(asked, name), fit(translated, name));
      // Who explains a term comes before who has it as a title.
      const name = Math.max(answers(entry.title), ...entry.names.map((n) => 1.1 * answers(n)));
      let item = found.get(location);
      if (!item && name < 0.3) continue;
      if (!item) {
        const text = entry.doc.text.match(/<p>.*?<\/p>/s)?.[0] ?? "";
        item = { ...entry.doc, text, score: 0, terms: {} };
      }
      const [path] = location.split("#");
      let [kind, weight] = KINDS[path.split("/")[0]] ?? OTHER;
      if (code && kind === REFERENCE) weight = plain(item.title) === code ? 1.5 : 1;
      if (LAST.test(location)) weight *= 0.7;
      const terms = Object.values(item.terms);
      const share = terms.filter(Boolean).length / Math.max(terms.length, 1);
      const score = weight * (4 * name + Math.max(share, name) + item.score / most);
      const ours = { ...item, score, terms: marked(item, entry), kind };
      pages.set(path, [...(pages.get(path) ?? []), ours]);
    }
    const groups = [...pages].map(([path, group]) => {
      group.sort((a, b) => b.score - a.score);
      const [first] = group;
      if (first.location === path) return [{ ...first, tags: [first.kind] }, ...group.slice(1)];
      // The page's name stands above its best section, and leads there too.
      const sections = group.filter((item) => item.location !== path);
      const head = { ...entries.get(path).doc, text: "", score: 0, tags: [first.kind] };
      return [...sections, { ...head, location: first.location, terms: first.terms }];
    });
    return groups.sort((a, b) => b[0].score - a[0].score);
  };

  addEventListener("message", ({ data: message }) => {
    if (message.type === SETUP) prepare(message.data.docs);
    if (message.type === QUERY) message.data = understood(message.data);
  });
  const post = self.postMessage.bind(self);
  self.postMessage = (message) => {
    if (message.type === RESULT && asked.length) {
      message.data = { ...message.data, items: ranked(message.data.items) };
    }
    post(message);
  };
})();
importScripts(new URL(location).searchParams.get("theme"));
