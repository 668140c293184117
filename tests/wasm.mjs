// Runs blocks in Node, in the WebAssembly that readers get: `node wasm.mjs FOLDER WHEEL`.
// Reads a JSON line with the blocks, writes one for each.
import { readFileSync } from "node:fs";
import { boot, prepare, run } from "../docs/assets/javascripts/workers/python.mjs";

const [folder, wheel] = process.argv.slice(2);
const bytes = (path) => new Uint8Array(readFileSync(path)).buffer;
const archives = [[bytes(wheel), "wheel"], [bytes(`${folder}/site.zip`), "zip"]];
const start = performance.now();
const machine = await boot({ base: `${folder}/`, archives });
process.stderr.write(`started in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
for (const [code, name, echo] of JSON.parse(readFileSync(0, "utf-8"))) {
  await prepare(machine, code);
  let printed = "";
  const before = performance.now();
  const say = (kind, text) => { if (kind === "out") printed += text; };
  const result = run(machine, code, name, echo, say);
  const seconds = (performance.now() - before) / 1000;
  process.stdout.write(`${JSON.stringify({ ...result, printed, seconds })}\n`);
}
