// Initial weights as in GPT-2 (transformers: GPT2PreTrainedModel). Weights are normally distributed with standard deviation
// `initializerRange`, scaled by 1/sqrt(2 * layers) for the projections back into the residual stream. Biases are zero and
// layernorm weights one.

import type { GPT2 } from './gpt2.js';

/** @param uniform returns numbers in [0, 1). The same numbers give the same weights. */
export function initializeWeights(model: GPT2, uniform: () => number): void {
  const { initializerRange, nLayer } = model.config;
  for (const { name, value } of model.parameters) {
    const data = new Float32Array(value.size);
    if (/ln_(1|2|f)\.weight$/.test(name)) data.fill(1);
    else if (name.endsWith('.weight'))
      fillNormal(
        data,
        initializerRange / (name.endsWith('c_proj.weight') ? Math.sqrt(2 * nLayer) : 1),
        uniform,
      );
    model.parameters.load(model.device, name, data);
  }
}

/** The Box-Muller transform: two normal numbers from two uniform ones. */
function fillNormal(data: Float32Array, deviation: number, uniform: () => number): void {
  for (let index = 0; index < data.length; index += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    data[index] = radius * Math.cos(angle);
    if (index + 1 < data.length) data[index + 1] = radius * Math.sin(angle);
  }
}
