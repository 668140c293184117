// Python for the blocks, in a web worker and, for the tests, in Node.

// Pyodide from `base` with the archives (an ArrayBuffer and its kind, each) unpacked.
export async function boot({ base, lockFileURL, archives }) {
  const { loadPyodide } = await import(`${base}pyodide.mjs`);
  const python = await loadPyodide({ indexURL: base, packageBaseUrl: base, lockFileURL });
  await load(python, "numpy");
  const extractDir = python.pyimport("sysconfig").get_path("purelib");
  for (const [content, kind] of await archives) python.unpackArchive(content, kind, { extractDir });
  return { python, runner: python.pyimport("doctools.browser") };
}

async function load(python, name) {
  const faults = [];
  await python.loadPackage(name, { messageCallback() {}, errorCallback: (fault) => faults.push(fault) });
  if (!(name in python.loadedPackages)) throw new Error(faults.join("\n") || `${name} could not be loaded`);
}

// Loads what a block needs beside NumPy; whether that took anything.
export async function prepare({ python, runner }, code) {
  if (!runner.draws(code) || "matplotlib" in python.loadedPackages) return false;
  await load(python, "matplotlib");
  python.runPython("import matplotlib.pyplot");
  return true;
}

// Runs a block, or with `echo` an example of a docstring; `say(kind, text)` gets what it
// prints, as it prints it.
export function run({ python, runner }, code, name, echo, say) {
  const stream = (kind) => {
    const decoder = new TextDecoder();
    return { write: (bytes) => (say(kind, decoder.decode(bytes, { stream: true })), bytes.length) };
  };
  python.setStdout(stream("out"));
  python.setStderr(stream("err"));
  const result = runner.run.callKwargs(code, name, { echo });
  try {
    return result.toJs({ dict_converter: Object.fromEntries });
  } finally {
    result.destroy();
  }
}
