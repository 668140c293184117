// Calls functions of the explorables: reads [[name, arguments], ...], writes the results.
import * as maths from "../docs/assets/javascripts/explore/maths.js";

const text = await new Response(process.stdin).text();
const train = (weights, x, labels, activation, steps, rate) => {
  const state = { step: 0 };
  for (let k = 0; k < steps; k++) maths.adam(weights, maths.lossAndGradient(weights, x, labels, activation)[1], state, { rate });
  return weights;
};
const known = { ...maths, train, logits: (...given) => maths.forward(...given).at(-1)[0] };
const calls = JSON.parse(text);
if (calls === "names") console.log(JSON.stringify(Object.keys(maths)));
else console.log(JSON.stringify(calls.map(([name, given]) => known[name](...given))));
