// Opens a model for many conversations at once: on its device, with as many slots as were asked for or as memory allows.

import type { Device, WeightPrecision } from '../../device/device.js';
import { planMemory, totalBytes } from '../../device/memory-plan.js';
import { compileNote, fallbackNote, resolveWeightPrecision, selectDevice } from '../../device/select.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { checkChatModel } from '../../generate/mmi-models.js';
import { loadWeights, openNamed, readOnlyWeights } from '../../generate/named-model.js';
import { GPT2 } from '../../nn/gpt2.js';
import type { GPT2Config } from '../../nn/gpt2-config.js';
import { SlotPass } from '../../nn/slot-pass.js';
import { option } from '../../option-names.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';
import type { Opening } from './messages.js';

/** Prompt tokens that are read between two tokens of the replies that grow. */
const chunk = 128;
/** Unless a number is asked for. More slots than a pass can take together help nobody on a CPU. */
const usualSlots = { cpu: 16, cuda: 64, tfjs: 4 } as const satisfies Record<Device['kind'], number>;

export interface OpenedSlots {
  readonly pass: SlotPass;
  readonly tokenizer: Tokenizer;
  readonly parameters: number;
  /** Device, precision, slots and memory, for people. */
  readonly description: string;
  dispose(): void;
}

/** @throws UserError when the model or the device cannot be used, or memory is short. */
export async function openSlots(opening: Opening, note: (text: string) => void): Promise<OpenedSlots> {
  const device = await selectDevice(opening.device, {
    threads: opening.threads ?? undefined,
    onCompile: (what) => note(compileNote(what)),
    onFallback: (left, why) => note(fallbackNote(left, why)),
    onNote: note,
  });
  try {
    return await openOn(device, opening);
  } catch (thrown) {
    device.dispose();
    throw thrown;
  }
}

/** The device is the caller's when this throws. */
export async function openOn(device: Device, opening: Opening): Promise<OpenedSlots> {
  const named = { ...(await openNamed(opening.folder, {})), name: opening.label };
  checkChatModel(named);
  const precision = resolveWeightPrecision(device, opening.precision);
  const { slots, packed, memory } = fitting(device, named.config, precision, opening);
  device.reserve(memory);
  const { model, pass } = build(device, named.config, precision, slots, packed);
  loadWeights(model, named);
  return {
    pass,
    tokenizer: named.tokenizer,
    parameters: model.parameters.count,
    description: `${device.description}; weights in ${precision}, ${slots} slots, ${formatBytes(memory)}`,
    dispose: () => device.dispose(),
  };
}

/** Allocates without loading weights. */
function build(
  device: Device,
  config: GPT2Config,
  weights: WeightPrecision,
  slots: number,
  packed: boolean,
): { readonly model: GPT2; readonly pass: SlotPass } {
  const model = new GPT2(device, config, { ...readOnlyWeights(device, weights), packed });
  return { model, pass: new SlotPass(model, { slots, contextLength: config.nPositions, chunk }) };
}

/** How many slots there is memory for; packed weights save time only, so slots come first. */
function fitting(device: Device, config: GPT2Config, precision: WeightPrecision, { label, slots }: Opening) {
  const available = device.availableMemory();
  const plan = (count: number, packed: boolean) =>
    totalBytes(planMemory(device, (on) => build(on, config, precision, count, packed)));
  for (let count = slots ?? usualSlots[device.kind]; ; count = Math.ceil(count / 2)) {
    const packedMemory = plan(count, true);
    if (packedMemory <= available) return { slots: count, packed: true, memory: packedMemory };
    const memory = plan(count, false);
    if (memory <= available) return { slots: count, packed: false, memory };
    if (slots === null && count > 1) continue;
    const mend = count > 1 ? `use fewer ${option('slots')} or a smaller model` : 'use a smaller model';
    throw new UserError(
      'out-of-memory',
      `${label} needs ${formatBytes(memory)} of memory, but ${formatBytes(available)} are available (${formatBytes(memory - available)} too little); ${mend}`,
    );
  }
}
