// The worker that runs blocks for a page; it loads Python when it is started.
import { boot, prepare, run } from "./python.mjs";

const home = new URL("../../../_py/", import.meta.url).href;
const download = self.fetch;
let manifest;
let expected = 0;
let received = 0;
let told = 0;

// What the page shows while a download runs, and which file failed if one does.
self.fetch = async (input, init) => {
  const address = String(input.url ?? input);
  const file = address.split(/[?#]/)[0].split("/").pop();
  const fail = (reason) => {
    postMessage({ type: "missing", file });
    return new Error(`${file}: ${reason}`);
  };
  const response = await download(input, init).catch((error) => { throw fail(error.message); });
  if (!response.ok) throw fail(`status ${response.status}`);
  const counter = new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      controller.enqueue(chunk);
      if (performance.now() - told > 50) tell();
    },
  });
  const { headers, status, statusText } = response;
  return new Response(response.body.pipeThrough(counter), { headers, status, statusText });
};

const tell = () => {
  told = performance.now();
  if (expected) postMessage({ type: "loading", part: Math.min(received / expected, 1) });
};

const expect = (wanted) => {
  received = 0;
  expected = Object.entries(manifest.bytes)
    .filter(([file]) => file !== "pyodide.mjs" && file !== "pyodide.asm.mjs" && wanted(file))
    .reduce((sum, [, size]) => sum + size, 0);
};

const ofFirst = (file) => /^(pyodide|python_stdlib|numpy-|site\.)/.test(file);

const machine = (async () => {
  const bytes = async (path) => (await fetch(new URL(path, home))).arrayBuffer();
  manifest = await (await fetch(`${home}run.json`)).json();
  expect(ofFirst);
  const archives = Promise.all([
    bytes(manifest.wheel).then((content) => [content, "wheel"]),
    bytes("site.zip").then((content) => [content, "zip"]),
  ]);
  archives.catch(() => {}); // seen where it is awaited
  const base = manifest.base || home;
  return boot({ base, lockFileURL: `${home}pyodide-lock.json`, archives });
})();
machine.catch(() => {});

self.onmessage = async ({ data: { code, name, echo } }) => {
  try {
    const ready = await machine;
    expect((file) => !ofFirst(file));
    postMessage({ type: "started" });
    if (await prepare(ready, code)) postMessage({ type: "started" });
    const start = performance.now();
    const result = run(ready, code, name, echo, (kind, text) => postMessage({ type: kind, text }));
    postMessage({ type: "done", milliseconds: performance.now() - start, ...result });
  } catch (error) {
    postMessage({ type: "broken", reason: error.message ?? String(error) });
  }
};
