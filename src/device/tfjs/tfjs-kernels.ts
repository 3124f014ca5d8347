// The operations of the device contract, made of TensorFlow.js operations. Each runs in its own tidy: tensors that are not
// written to a storage are disposed when it returns.

import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../checked-operations.js';
import type {
  AdamWOptions,
  AttentionOptions,
  BranchGradient,
  CrossEntropyOptions,
  Dropout,
  EmbeddingTables,
  Epilogue,
  Heads,
  KeyValueCache,
  LayernormParameters,
  MatmulOptions,
  UpdateOptions,
} from '../device.js';
import type { Tensor } from '../tensor.js';
import { Attention, readPast } from './attention.js';
import { crossEntropy } from './cross-entropy.js';
import { type Mask, maskOf } from './dropout-masks.js';
import type { TfjsMemory } from './memory.js';
import { activate, activationGradient, product, sumOfAll } from './products.js';

export class TfjsKernels implements Kernels {
  readonly #attention = new Attention();

  /** @param inTidy runs an operation and disposes of its intermediate tensors. */
  constructor(
    private readonly memory: TfjsMemory,
    private readonly inTidy: (work: () => void) => void,
  ) {}

  release(): void {
    this.#attention.release();
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const { memory } = this;
    const { transposeA, transposeB, accumulate, epilogue } = options;
    this.inTidy(() => {
      const result = product(this.matrix(a), this.matrix(b), transposeA, transposeB);
      if (accumulate) memory.add(out, result);
      else memory.write(out, epilogue ? this.finished(result, epilogue) : result);
    });
    if (epilogue?.kind === 'activation-gradient' && epilogue.biasGradient)
      this.sumRows(epilogue.biasGradient, out);
  }

  sumRows(out: Tensor, x: Tensor): void {
    this.inTidy(() => this.memory.add(out, tf.sum(this.memory.read(x), 0)));
  }

  embedding(out: Tensor, tokens: Tensor, positions: Tensor, tables: EmbeddingTables, dropout: Dropout): void {
    const { memory } = this;
    this.inTidy(() => {
      const sum = tf.add(this.rowsOf(tables.token, tokens), this.rowsOf(tables.position, positions));
      memory.write(out, dropped(sum, this.mask(dropout)));
    });
  }

  embeddingBackward(
    { token, position }: EmbeddingTables,
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const gradient = dropped(memory.read(gradOut), this.mask(dropout));
      memory.add(token, this.scattered(gradient, tokens, token));
      memory.add(position, this.scattered(gradient, positions, position));
    });
  }

  layernorm(out: Tensor, stats: Tensor, x: Tensor, parameters: LayernormParameters, epsilon: number): void {
    this.inTidy(() => this.normalize(out, stats, this.memory.read(x), parameters, epsilon));
  }

  residualLayernorm(
    sum: Tensor,
    out: Tensor,
    stats: Tensor,
    residual: Tensor,
    branch: Tensor,
    parameters: LayernormParameters,
    epsilon: number,
    dropout: Dropout,
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const total = tf.add(memory.read(residual), dropped(memory.read(branch), this.mask(dropout)));
      this.normalize(out, stats, total, parameters, epsilon);
      memory.write(sum, total);
    });
  }

  layernormBackward(
    gradX: Tensor,
    gradients: LayernormParameters,
    gradOut: Tensor,
    x: Tensor,
    stats: Tensor,
    weight: Tensor,
    branch?: BranchGradient,
  ): void {
    const rows = x.extent(0);
    const { memory } = this;
    this.inTidy(() => {
      const kept = memory.read<tf.Rank.R2>(stats);
      const scale = tf.slice2d(kept, [0, 1], [rows, 1]);
      const normal = tf.mul(tf.sub(memory.read(x), tf.slice2d(kept, [0, 0], [rows, 1])), scale);
      const above = memory.read(gradOut);
      memory.add(gradients.weight, tf.sum(tf.mul(above, normal), 0));
      memory.add(gradients.bias, tf.sum(above, 0));
      const weighted = tf.mul(above, memory.read(weight));
      const along = tf.mul(normal, tf.mean(tf.mul(weighted, normal), 1, true));
      memory.add(gradX, tf.mul(scale, tf.sub(tf.sub(weighted, tf.mean(weighted, 1, true)), along)));
      if (branch) memory.write(branch.gradient, dropped(memory.read(gradX), this.mask(branch.dropout)));
    });
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    const { memory } = this;
    this.inTidy(() => {
      const starts = memory.integers(options.segments.starts);
      const mask = this.mask(options.dropout);
      const result = this.#attention.forward(memory.read(qkv), starts, options, mask);
      memory.write(out, result.out);
      memory.write(logSumExp, result.logSumExp);
    });
  }

  attentionBackward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const starts = memory.integers(options.segments.starts);
      const mask = this.mask(options.dropout);
      const flow = {
        gradOut: memory.read(gradOut),
        out: memory.read(out),
        logSumExp: memory.read(logSumExp),
      };
      memory.write(gradQkv, this.#attention.backward(memory.read(qkv), flow, starts, options, mask));
    });
  }

  attentionCached(
    out: Tensor,
    qkv: Tensor,
    { keys, values, lengths, owners }: KeyValueCache,
    { heads, scale }: Heads,
  ): void {
    const added = out.extent(0) / lengths.extent(0);
    const [capacity, channels] = [keys.extent(1), keys.extent(2)];
    const { memory } = this;
    const ownersOf = memory.integers(owners);
    for (const [sequence, length] of memory.integers(lengths).entries())
      this.inTidy(() => {
        const own = ownersOf.subarray(sequence * capacity, (sequence + 1) * capacity);
        const fresh = memory.read<tf.Rank.R2>(qkv.rows(added, sequence * added));
        const third = (which: number) => tf.slice2d(fresh, [0, which * channels], [added, channels]);
        const byHead = (x: tf.Tensor): tf.Tensor3D =>
          tf.transpose(tf.reshape(x, [x.shape[0] ?? 0, heads, channels / heads]), [1, 0, 2]);
        const [key, value] = (
          [
            [keys, third(1)],
            [values, third(2)],
          ] as const
        ).map(([kept, appended]) => {
          const past = readPast(memory, kept, own, length);
          const entry = own[length] ?? 0;
          memory.write(kept.view((entry * capacity + length) * channels, [added, channels]), appended);
          return byHead(past.length === 0 ? appended : tf.concat([...past, appended]));
        });
        if (key === undefined || value === undefined) return;
        const result = this.#attention.last(byHead(third(0)), key, value, scale);
        memory.write(out.rows(added, sequence * added), tf.transpose(result, [1, 0, 2]));
      });
  }

  firstOutside(index: Tensor, low: number, high: number): number {
    return this.memory.integers(index).findIndex((value) => value < low || value >= high);
  }

  gatherRows(out: Tensor, x: Tensor, index: Tensor): void {
    if (out.size > 0) this.inTidy(() => this.memory.write(out, this.rowsOf(x, index)));
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    const { memory } = this;
    if (x.size === 0) memory.fill(out, 0);
    else this.inTidy(() => memory.write(out, this.scattered(memory.read(x), index, out)));
  }

  crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, options: CrossEntropyOptions): void {
    if (losses.size === 0) return;
    this.inTidy(() => crossEntropy(this.memory, losses, logits, targets, options));
  }

  sum(out: Tensor, x: Tensor): void {
    this.addUp(out, x, (part) => part);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    this.addUp(out, x, (part) => tf.square(part));
  }

  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void {
    const { lossScale, maxNorm, beta1, beta2 } = options;
    const { memory } = this;
    const [learningRate = 0, , first = 0, second = 0, updates = 0] = memory.download(step);
    const [sum = Number.NaN] = memory.download(sumOfSquares);
    const [scale = 1, held = 0] = lossScale ? memory.download(lossScale) : [];
    const norm = Math.sqrt(sum) / scale;
    const finite = Number.isFinite(sum);
    if (lossScale) {
      const grown = held + 1 === 2000;
      const next = finite ? [grown ? scale * 2 : scale, grown ? 0 : held + 1] : [scale / 2, 0];
      memory.upload(lossScale, Float32Array.from(next));
    }
    if (!finite) {
      memory.upload(step, Float32Array.of(learningRate, Number.NaN, first, second, updates, norm));
      return;
    }
    const clip = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
    const t = updates + 1;
    memory.upload(step, Float32Array.of(learningRate, clip / scale, 1 - beta1 ** t, 1 - beta2 ** t, t, norm));
  }

  /** Updates one gradient piece at a time, so each parameter becomes one piece and is read without a copy. */
  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void {
    const { size } = parameters;
    const { step, beta1, beta2, epsilon, weightDecay, decayed = size } = options;
    const { memory } = this;
    const [learningRate = 0, scale = 0, first = 1, second = 1] = memory.download(step);
    if (!Number.isNaN(scale))
      for (const [from, count] of this.ranges(parameters, gradients, decayed, size)) {
        const view = (tensor: Tensor) => tensor.view(from, [count]);
        this.inTidy(() => {
          const gradient = tf.mul(memory.read(view(gradients)), scale);
          const m = tf.add(tf.mul(beta1, memory.read(view(firstMoment))), tf.mul(1 - beta1, gradient));
          const v = tf.add(
            tf.mul(beta2, memory.read(view(secondMoment))),
            tf.mul(1 - beta2, tf.square(gradient)),
          );
          const decay = from < decayed ? 1 - learningRate * weightDecay : 1;
          const before = tf.mul(memory.read(view(parameters)), decay);
          const denominator = tf.add(tf.sqrt(tf.div(v, second)), epsilon);
          memory.write(view(firstMoment), m);
          memory.write(view(secondMoment), v);
          memory.write(
            view(parameters),
            tf.sub(before, tf.mul(learningRate / first, tf.div(m, denominator))),
          );
        });
      }
    memory.fill(gradients, 0);
  }

  /** The ranges between the piece borders of two tensors and one more border. */
  private ranges(one: Tensor, other: Tensor, border: number, size: number): [from: number, count: number][] {
    const borders = new Set(
      [one, other].flatMap((tensor) =>
        this.memory
          .floats(tensor)
          .borders(tensor.offset, size)
          .map((border) => border - tensor.offset),
      ),
    );
    if (border < size) borders.add(border);
    const ordered = [...borders, size].sort((a, b) => a - b);
    return ordered.slice(0, -1).map((from, index) => [from, (ordered[index + 1] ?? size) - from]);
  }

  private addUp(out: Tensor, x: Tensor, term: (part: tf.Tensor1D) => tf.Tensor1D): void {
    const { memory } = this;
    if (x.size === 0) return;
    this.inTidy(() => {
      const sums = memory
        .floats(x)
        .parts(x.offset, x.size)
        .filter(({ content }) => content !== 0)
        .map(({ content, size }) =>
          sumOfAll(term(typeof content === 'number' ? tf.fill([size], content) : content)),
        );
      if (sums.length > 0) memory.add(out, sumOfAll(tf.stack(sums) as tf.Tensor1D));
    });
  }

  private normalize(
    out: Tensor,
    stats: Tensor,
    x: tf.Tensor,
    { weight, bias }: LayernormParameters,
    epsilon: number,
  ): void {
    const { memory } = this;
    const mean = tf.mean(x, 1, true);
    const centred = tf.sub(x, mean);
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon));
    memory.write(out, tf.add(tf.mul(tf.mul(centred, scale), memory.read(weight)), memory.read(bias)));
    memory.write(stats, tf.concat([mean, scale], 1));
  }

  /** A product with its epilogue applied. */
  private finished(product: tf.Tensor2D, epilogue: Epilogue): tf.Tensor {
    const { memory } = this;
    switch (epilogue.kind) {
      case 'bias':
        return tf.add(product, memory.read(epilogue.bias));
      case 'bias-activation': {
        const biased = tf.add(product, memory.read(epilogue.bias));
        memory.write(epilogue.preActivation, biased);
        return activate(epilogue.activation, biased);
      }
      case 'activation-gradient':
        return tf.mul(product, activationGradient(epilogue.activation, memory.read(epilogue.preActivation)));
    }
  }

  private matrix(tensor: Tensor): tf.Tensor2D {
    return this.memory.read<tf.Rank.R2>(tensor);
  }

  private rowsOf(table: Tensor, index: Tensor): tf.Tensor {
    return tf.gather(this.memory.read(table), tf.tensor1d(this.memory.integers(index).slice(), 'int32'));
  }

  /** Zeros of the target's shape, with the rows added at their indices. */
  private scattered(rows: tf.Tensor, index: Tensor, target: Tensor): tf.Tensor {
    const places = tf.tensor2d(this.memory.integers(index).slice(), [index.size, 1], 'int32');
    return tf.scatterND(places, rows, [...target.shape]);
  }

  private mask({ probability, site, counter }: Dropout): Mask | undefined {
    return probability > 0 ? { probability, site, counter: this.memory.integers(counter) } : undefined;
  }
}

function dropped(x: tf.Tensor, mask: Mask | undefined): tf.Tensor {
  const [rows = 0, columns = 0] = x.shape;
  return mask ? tf.mul(x, tf.tensor2d(maskOf(mask, rows, columns), [rows, columns])) : x;
}
