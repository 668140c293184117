// What the explorables compute. Each function is compared with `nnref` on random inputs
// by tests/test_explorables.py; what draws is elsewhere.

// --- convolution of one image with one kernel, as in nnref.conv2d

export const outputSize = (size, kernel, { stride, padding, dilation }) =>
  Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

// The products that add up to output (i, j): [row, column, u, v], rows and columns of the
// image, outside of it where the padding is.
export const products = (i, j, size, { stride, padding, dilation }) => {
  const found = [];
  for (let u = 0; u < size; u++) {
    for (let v = 0; v < size; v++) found.push([i * stride - padding + u * dilation, j * stride - padding + v * dilation, u, v]);
  }
  return found;
};

const filled = (rows, columns) => Array.from({ length: rows }, () => new Array(columns).fill(0));

const outputs = (x, w, options) => [outputSize(x.length, w.length, options), outputSize(x[0].length, w.length, options)];

export const conv2d = (x, w, options) => {
  const z = filled(...outputs(x, w, options));
  for (const [i, row] of z.entries()) {
    for (const j of row.keys()) {
      for (const [r, c, u, v] of products(i, j, w.length, options)) row[j] += (x[r]?.[c] ?? 0) * w[u][v];
    }
  }
  return z;
};

export const conv2dBackward = (dz, x, w, options) => {
  const dx = filled(x.length, x[0].length);
  const dw = filled(w.length, w.length);
  for (const [i, row] of dz.entries()) {
    for (const [j, g] of row.entries()) {
      for (const [r, c, u, v] of products(i, j, w.length, options)) {
        if (x[r]?.[c] === undefined) continue; // padding
        dx[r][c] += g * w[u][v];
        dw[u][v] += g * x[r][c];
      }
    }
  }
  return [dx, dw];
};

// --- a network of dense layers, ReLU or tanh between them, trained with Adam

const dot = (x, w, b) => x.map((row) => b.map((c, k) => row.reduce((sum, a, d) => sum + a * w[d][k], c)));

const ACTIVATIONS = {
  ReLU: [(z) => Math.max(z, 0), (z, a) => (z > 0 ? 1 : 0)],
  Tanh: [Math.tanh, (z, a) => 1 - a * a],
  none: [(z) => z, () => 1],
};

// Inputs of each layer, and the logits last. `weights` are [w, b] of each layer.
export const forward = (weights, x, activation) => {
  const [f] = ACTIVATIONS[activation];
  const kept = [[x]];
  for (const [k, [w, b]] of weights.entries()) {
    const z = dot(kept.at(-1)[0], w, b);
    const last = k === weights.length - 1;
    kept.push([last ? z : z.map((row) => row.map((v) => f(v))), z]);
  }
  return kept;
};

export const softmax = (z) => {
  const largest = Math.max(...z);
  const e = z.map((v) => Math.exp(v - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
};

// The mean cross-entropy of the softmax, and its gradient for all weights.
export const lossAndGradient = (weights, x, labels, activation) => {
  const [, slope] = ACTIVATIONS[activation];
  const kept = forward(weights, x, activation);
  let loss = 0;
  let dz = kept.at(-1)[0].map((z, i) => {
    const p = softmax(z);
    const largest = Math.max(...z);
    loss += (largest + Math.log(z.reduce((sum, v) => sum + Math.exp(v - largest), 0)) - z[labels[i]]) / x.length;
    return p.map((v, k) => (v - (k === labels[i] ? 1 : 0)) / x.length);
  });
  const gradient = [];
  for (let k = weights.length - 1; k >= 0; k--) {
    const [w, b] = weights[k];
    const [a] = kept[k];
    const dw = w.map((row, d) => row.map((_, o) => a.reduce((sum, sample, i) => sum + sample[d] * dz[i][o], 0)));
    const db = b.map((_, o) => dz.reduce((sum, row) => sum + row[o], 0));
    gradient.unshift([dw, db]);
    if (k) {
      const [after, before] = kept[k];
      dz = dz.map((row, i) => w.map((weight, d) => weight.reduce((sum, v, o) => sum + v * row[o], 0) * slope(before[i][d], after[i][d])));
    }
  }
  return [loss, gradient];
};

// One step of Adam on nested arrays; `state` begins as {step: 0}.
export const adam = (params, grads, state, { rate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }) => {
  state.step += 1;
  state.mean ??= zeros(params);
  state.square ??= zeros(params);
  const first = 1 - beta1 ** state.step;
  const second = 1 - beta2 ** state.step;
  const walk = (p, g, m, s) => {
    for (let k = 0; k < p.length; k++) {
      if (Array.isArray(p[k])) {
        walk(p[k], g[k], m[k], s[k]);
        continue;
      }
      m[k] = beta1 * m[k] + (1 - beta1) * g[k];
      s[k] = beta2 * s[k] + (1 - beta2) * g[k] * g[k];
      p[k] -= (rate * (m[k] / first)) / (Math.sqrt(s[k] / second) + eps);
    }
  };
  walk(params, grads, state.mean, state.square);
};

const zeros = (nested) => nested.map((v) => (Array.isArray(v) ? zeros(v) : 0));
