// A device that times its operations. It is for devices that have done an operation when the call returns, as the CPU device.

import type { Device, MatmulOptions } from '../src/device/device.js';
import type { Tensor } from '../src/device/tensor.js';
import { type Cost, costOf, depthOf } from './operation-costs.js';

export interface OperationTime {
  /** The method's name; a product with its shape. */
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
  readonly flops: number;
  readonly bytes: number;
}

/** Methods that compute nothing, or run other operations. */
const untimed: ReadonlySet<PropertyKey> = new Set<keyof Device>([
  ...(['allocate', 'reserve', 'replay', 'dispose', 'measuredChoices', 'repeatChoices'] as const),
  ...(['packedSize', 'availableMemory', 'ownMemory', 'peakMemory'] as const),
]);

export class OperationClock {
  readonly device: Device;
  private readonly times = new Map<string, OperationTime>();

  /** @param length the tokens of each sequence of a batch, from which attention's operations are counted. */
  constructor(
    device: Device,
    private readonly length: number,
  ) {
    this.device = new Proxy(device, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        // The target is `this`: private fields are not reached through a proxy.
        if (typeof key === 'symbol' || untimed.has(key)) return value.bind(target);
        return (...args: readonly unknown[]) => this.timed(key, args, () => value.apply(target, args));
      },
    });
  }

  /** Forgets all times. */
  reset(): void {
    this.times.clear();
  }

  /** The operations since the last reset, the longest first. */
  operations(): OperationTime[] {
    return [...this.times.values()].sort((one, other) => other.seconds - one.seconds);
  }

  private timed<Result>(operation: string, args: readonly unknown[], run: () => Result): Result {
    const start = performance.now();
    const result = run();
    this.add(operation, args, (performance.now() - start) / 1000);
    return result;
  }

  private add(operation: string, args: readonly unknown[], seconds: number): void {
    const name = operation === 'matmul' ? productName(args) : operation;
    const { flops = 0, bytes = 0 }: Cost = costOf(operation, args, this.length);
    const before = this.times.get(name) ?? { name, calls: 0, seconds: 0, flops: 0, bytes: 0 };
    this.times.set(name, {
      name,
      calls: before.calls + 1,
      seconds: before.seconds + seconds,
      flops: before.flops + flops,
      bytes: before.bytes + bytes,
    });
  }
}

/** `matmul 512 x 2304 x 768, bias`: m, n and k, what is transposed, and what happens to the result. */
function productName(args: readonly unknown[]): string {
  const [out, a, , options = {}] = args as [Tensor, Tensor, Tensor, MatmulOptions?];
  const { transposeA, transposeB, accumulate, epilogue } = options;
  return [
    `matmul ${out.extent(0)} x ${out.extent(1)} x ${depthOf(a, options)}`,
    ...(transposeA ? ['a transposed'] : []),
    ...(transposeB ? ['b transposed'] : []),
    ...(accumulate ? ['added'] : []),
    ...(epilogue ? [epilogue.kind] : []),
  ].join(', ');
}
