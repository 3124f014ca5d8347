// The kernels of the device contract, made of TensorFlow.js operations. Each runs in its own tidy: tensors that are not
// written to a storage are disposed when it returns.

import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../device.js';
import type { OperationKernels } from '../operation-kernels.js';
import type { Tensor } from '../tensor.js';
import { Attention, readPast } from './attention.js';
import { type Mask, maskOf } from './dropout-masks.js';
import type { TfjsMemory } from './memory.js';
import { activate, activationGradient, product, sumOfAll } from './products.js';

const activationOf = ['gelu_new', 'gelu'] as const satisfies readonly Activation[];

export class TfjsKernels implements OperationKernels {
  readonly #attention = new Attention();

  /** @param inTidy runs an operation and disposes of its intermediate tensors. */
  constructor(
    private readonly memory: TfjsMemory,
    private readonly inTidy: (work: () => void) => void,
  ) {}

  release(): void {
    this.#attention.release();
  }

  matmul(
    ...[
      out,
      a,
      b,
      ,
      ,
      ,
      ,
      transposeA,
      transposeB,
      accumulate,
      epilogue,
      bias,
      before,
      activationCode,
    ]: Parameters<OperationKernels['matmul']>
  ): void {
    const { memory } = this;
    const activation = activationOf[activationCode] ?? 'gelu_new';
    this.inTidy(() => {
      const result = product(this.matrix(a), this.matrix(b), transposeA === 1, transposeB === 1);
      if (accumulate === 1) memory.add(out, result);
      else if (epilogue === 3 && before)
        memory.write(out, tf.mul(result, activationGradient(activation, memory.read(before))));
      else if (bias) {
        const biased = tf.add(result, memory.read(bias));
        if (before) memory.write(before, biased);
        memory.write(out, before ? activate(activation, biased) : biased);
      } else memory.write(out, result);
    });
  }

  sum_rows(out: Tensor, x: Tensor): void {
    this.inTidy(() => this.memory.add(out, tf.sum(this.memory.read(x), 0)));
  }

  embedding(
    ...[
      out,
      tokens,
      positions,
      tokenTable,
      positionTable,
      ,
      probability,
      site,
      counter,
      rows,
      channels,
    ]: Parameters<OperationKernels['embedding']>
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const sum = tf.add(this.rowsOf(tokenTable, tokens), this.rowsOf(positionTable, positions));
      memory.write(out, dropped(sum, this.mask(probability, site, counter), rows, channels));
    });
  }

  embedding_backward(
    ...[
      gradToken,
      gradPosition,
      gradOut,
      tokens,
      positions,
      probability,
      site,
      counter,
      rows,
      channels,
    ]: Parameters<OperationKernels['embedding_backward']>
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const mask = this.mask(probability, site, counter);
      const gradient = dropped(memory.read(gradOut), mask, rows, channels);
      memory.add(gradToken, this.scattered(gradient, tokens, gradToken));
      memory.add(gradPosition, this.scattered(gradient, positions, gradPosition));
    });
  }

  layernorm(...[out, stats, x, weight, bias, epsilon]: Parameters<OperationKernels['layernorm']>): void {
    this.inTidy(() => this.normalize(out, stats, this.memory.read(x), weight, bias, epsilon));
  }

  residual_layernorm(
    ...[
      sum,
      out,
      stats,
      residual,
      branch,
      weight,
      bias,
      epsilon,
      probability,
      site,
      counter,
      rows,
      channels,
    ]: Parameters<OperationKernels['residual_layernorm']>
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const mask = this.mask(probability, site, counter);
      const total = tf.add(memory.read(residual), dropped(memory.read(branch), mask, rows, channels));
      this.normalize(out, stats, total, weight, bias, epsilon);
      memory.write(sum, total);
    });
  }

  layernorm_backward(
    ...[
      gradX,
      gradBranch,
      gradWeight,
      gradBias,
      gradOut,
      x,
      stats,
      weight,
      probability,
      site,
      counter,
      rows,
      channels,
    ]: Parameters<OperationKernels['layernorm_backward']>
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const kept = memory.read<tf.Rank.R2>(stats);
      const scale = tf.slice2d(kept, [0, 1], [rows, 1]);
      const normal = tf.mul(tf.sub(memory.read(x), tf.slice2d(kept, [0, 0], [rows, 1])), scale);
      const above = memory.read(gradOut);
      memory.add(gradWeight, tf.sum(tf.mul(above, normal), 0));
      memory.add(gradBias, tf.sum(above, 0));
      const weighted = tf.mul(above, memory.read(weight));
      const along = tf.mul(normal, tf.mean(tf.mul(weighted, normal), 1, true));
      memory.add(gradX, tf.mul(scale, tf.sub(tf.sub(weighted, tf.mean(weighted, 1, true)), along)));
      if (!gradBranch || !counter) return;
      const mask = this.mask(probability, site, counter);
      memory.write(gradBranch, dropped(memory.read(gradX), mask, rows, channels));
    });
  }

  attention(
    ...[out, logSumExp, qkv, starts, , , , heads, scale, probability, site, counter]: Parameters<
      OperationKernels['attention']
    >
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const mask = this.mask(probability, site, counter);
      const rows = memory.integers(starts);
      const result = this.#attention.forward(memory.read(qkv), rows, heads, scale, mask);
      memory.write(out, result.out);
      memory.write(logSumExp, result.logSumExp);
    });
  }

  attention_backward(
    ...[
      gradQkv,
      gradOut,
      out,
      logSumExp,
      qkv,
      starts,
      ,
      ,
      ,
      heads,
      scale,
      probability,
      site,
      counter,
    ]: Parameters<OperationKernels['attention_backward']>
  ): void {
    const { memory } = this;
    this.inTidy(() => {
      const mask = this.mask(probability, site, counter);
      const rows = memory.integers(starts);
      const flow = {
        gradOut: memory.read(gradOut),
        out: memory.read(out),
        logSumExp: memory.read(logSumExp),
      };
      memory.write(gradQkv, this.#attention.backward(memory.read(qkv), flow, rows, heads, scale, mask));
    });
  }

  attention_cached(
    ...[out, qkv, keys, values, lengths, owners, batch, added, capacity, channels, heads, scale]: Parameters<
      OperationKernels['attention_cached']
    >
  ): void {
    const { memory } = this;
    const ownersOf = memory.integers(owners);
    for (const [sequence, length] of memory.integers(lengths).subarray(0, batch).entries())
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
          memory.write(kept.view((sequence * capacity + length) * channels, [added, channels]), appended);
          return byHead(past.length === 0 ? appended : tf.concat([...past, appended]));
        });
        if (key === undefined || value === undefined) return;
        const result = this.#attention.last(byHead(third(0)), key, value, scale);
        memory.write(out.rows(added, sequence * added), tf.transpose(result, [1, 0, 2]));
      });
  }

  first_outside(index: Tensor, _size: number, low: number, high: number): number {
    return this.memory.integers(index).findIndex((value) => value < low || value >= high);
  }

  gather_rows(out: Tensor, x: Tensor, index: Tensor): void {
    if (out.size > 0) this.inTidy(() => this.memory.write(out, this.rowsOf(x, index)));
  }

  scatter_rows(out: Tensor, x: Tensor, index: Tensor): void {
    const { memory } = this;
    if (x.size === 0) memory.fill(out, 0);
    else this.inTidy(() => memory.write(out, this.scattered(memory.read(x), index, out)));
  }

  cross_entropy(
    ...[losses, logits, targets, labelSmoothing, gradientScale, rows, vocabulary, width]: Parameters<
      OperationKernels['cross_entropy']
    >
  ): void {
    const { memory } = this;
    if (rows === 0) return;
    const ids = memory.integers(targets);
    const learned = ids.some((id) => id < 0) ? Uint8Array.from(ids, (id) => Number(id >= 0)) : undefined;
    /** x, but 0 in rows with a negative target. */
    const ofLearnt = (x: tf.Tensor, shape: number[]) =>
      learned ? tf.where(tf.reshape(tf.tensor1d(learned, 'bool'), shape), x, tf.zerosLike(x)) : x;
    this.inTidy(() => {
      const whole = memory.read<tf.Rank.R2>(logits);
      const all = vocabulary === width ? whole : tf.slice2d(whole, [0, 0], [rows, vocabulary]);
      const shifted = tf.sub(all, tf.max(all, 1, true));
      const weights = tf.exp(shifted);
      const sums = tf.sum(weights, 1, true);
      const places = Int32Array.from(ids, (id, row) => row * vocabulary + Math.max(0, id));
      const right = tf.gather(tf.reshape(shifted, [rows * vocabulary]), tf.tensor1d(places, 'int32'));
      const logSums = tf.reshape(tf.log(sums), [rows]);
      const own = tf.sub(logSums, right);
      const smooth = (of: tf.Tensor) =>
        tf.add(tf.mul(1 - labelSmoothing, of), tf.mul(labelSmoothing, tf.sub(logSums, tf.mean(shifted, 1))));
      memory.write(losses, ofLearnt(labelSmoothing === 0 ? own : smooth(own), [rows]));
      if (gradientScale === undefined) return;
      const wanted = tf.scatterND(
        tf.tensor2d(places, [rows, 1], 'int32'),
        tf.fill([rows], 1 - labelSmoothing),
        [rows * vocabulary],
      );
      const others = tf.sub(tf.div(weights, sums), tf.reshape(wanted, [rows, vocabulary]));
      const apart = labelSmoothing === 0 ? others : tf.sub(others, labelSmoothing / vocabulary);
      const gradient = tf.mul(apart, tf.prod(memory.read(gradientScale)));
      const learning = ofLearnt(gradient, [rows, 1]) as tf.Tensor2D;
      memory.write(
        logits,
        vocabulary === width
          ? learning
          : tf.pad2d(learning, [
              [0, 0],
              [0, width - vocabulary],
            ]),
      );
    });
  }

  sum(out: Tensor, x: Tensor): void {
    this.addUp(out, x, (part) => part);
  }

  sum_of_squares(out: Tensor, x: Tensor): void {
    this.addUp(out, x, (part) => tf.square(part));
  }

  prepare_update(
    ...[step, sumOfSquares, lossScale, maxNorm, beta1, beta2]: Parameters<OperationKernels['prepare_update']>
  ): void {
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
    ...[
      parameters,
      gradients,
      firstMoment,
      secondMoment,
      step,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      decayed,
      size,
    ]: Parameters<OperationKernels['adamw']>
  ): void {
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
    weight: Tensor,
    bias: Tensor,
    epsilon: number,
  ): void {
    const { memory } = this;
    const mean = tf.mean(x, 1, true);
    const centred = tf.sub(x, mean);
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon));
    memory.write(out, tf.add(tf.mul(tf.mul(centred, scale), memory.read(weight)), memory.read(bias)));
    memory.write(stats, tf.concat([mean, scale], 1));
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

  private mask(probability: number, site: number, counter: Tensor): Mask | undefined {
    return probability > 0 ? { probability, site, counter: this.memory.integers(counter) } : undefined;
  }
}

function dropped(x: tf.Tensor, mask: Mask | undefined, rows: number, columns: number): tf.Tensor {
  return mask ? tf.mul(x, tf.tensor2d(maskOf(mask, rows, columns), [rows, columns])) : x;
}
