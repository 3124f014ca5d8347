// How each status of NVIDIA's libraries is reported. The emulated card returns the statuses where it can.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { emulatorFolder, emulatorFolderOfCuda12 } from '../../../test/cuda-emulator/build.js';
import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { tinyConfig } from '../../../test/tiny-run.js';
import { flagMessageOf } from '../../cli/flag-names.js';
import { UserError } from '../../errors.js';
import { GPT2 } from '../../nn/gpt2.js';
import { type CudaDevice, createCudaDevice } from './cuda-device.js';
import { openDriver } from './driver.js';
import { CudaUnavailable, driverFailure } from './errors.js';

const emulator = { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolder(), VIRTUAL_ENV: '/venv' };
const devices: CudaDevice[] = [];

/** The emulated libraries read these variables at each call. */
function emulate(settings: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[`CUDA_EMULATOR_${name}`] = String(value);
}
afterEach(() => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('CUDA_EMULATOR_')) delete process.env[name];
  for (const device of devices.splice(0)) device.dispose();
});

function open(): CudaDevice {
  const device = createEmulatedDevice();
  devices.push(device);
  return device;
}

/** Expects a machine error reported as one sentence. */
function refused(
  work: () => unknown,
  says: RegExp,
  kind: typeof UserError | typeof CudaUnavailable = UserError,
) {
  assert.throws(work, (thrown) => {
    assert.ok(thrown instanceof kind, String(thrown));
    assert.equal((thrown as UserError).fault, 'device');
    assert.match(flagMessageOf(thrown), says);
    assert.match(flagMessageOf(thrown), /^[^\n]*\.$/);
    return true;
  });
}

describe('while the driver is opened, every error is a reason to run without CUDA', () => {
  const reasons: readonly (readonly [status: number, says: RegExp])[] = [
    [
      1,
      /: CUDA does not start \(CUDA_ERROR_INVALID_VALUE: invalid argument, from cuInit\): see what nvidia-smi says and restart/,
    ],
    [2, /: there is too little memory to start CUDA \(.*\): end other programs/],
    [3, /: the NVIDIA driver is not ready \(.*\): restart the machine, or/],
    [
      34,
      /: the libcuda\.so\.1 found is the toolkit's stub, .*: take the `stubs` folder out of LD_LIBRARY_PATH/,
    ],
    [36, /: the NVIDIA driver is too old \(.*\): install the current NVIDIA driver/],
    [
      46,
      /: another program has exclusive use of the GPU \(.*\): end it .* sudo nvidia-smi --compute-mode=DEFAULT/,
    ],
    [100, /: the NVIDIA driver sees no GPU \(.*\): check nvidia-smi and CUDA_VISIBLE_DEVICES/],
    [101, /: CUDA does not start \(CUDA_ERROR_INVALID_DEVICE/],
    [
      304,
      /: the system does not give CUDA access to the GPU \(.*\): check that \/dev\/nvidia0 and .* are there/,
    ],
    [800, /: the system does not permit CUDA \(.*\): check nvidia-smi, and that you may read and write/],
    [801, /: this system does not support CUDA \(.*\): check nvidia-smi \(a virtual GPU/],
    [802, /: the GPU is not ready yet \(.*\): start nvidia-fabricmanager/],
    [803, /: the NVIDIA driver was updated while it was running, .*: restart the machine, or/],
    [804, /: the NVIDIA driver is too old for the compatibility libraries in use \(.*\): install/],
    ...[805, 806, 807].map((status) => [status, /: NVIDIA's Multi-Process Service does not answer/] as const),
    ...[808, 809].map((status) => [status, /: NVIDIA's Multi-Process Service accepts no more/] as const),
    [999, /: CUDA does not start \(CUDA_ERROR_UNKNOWN/],
    [12_345, /: CUDA does not start \(status 12345, from cuInit\)/],
  ];
  for (const [status, says] of reasons)
    test(`status ${status}`, () => {
      emulate({ INIT_ERROR: status });
      refused(() => openDriver(emulator), says, CudaUnavailable);
      refused(() => openDriver(emulator), /^--device cuda: .*, or use --device cpu\.$/);
    });
});

describe('once a device is open, an error says what happened, in words that fit training and chat', () => {
  const again = 'start again \\(a training run with --resume: its checkpoints are intact\\)';
  const sentences: readonly (readonly [statuses: readonly number[], says: RegExp])[] = [
    [[2], /^the GPU has too little free memory \(.*\): end other programs that use it .*, or give it less/],
    [[200, 209, 218, 221, 222], /^the NVIDIA driver does not accept the compiled kernels \(.*\): install/],
    [
      [4, 101, 214, 220, 226, 709, 806, 810, 911, 999],
      new RegExp(`^the GPU was lost \\(.*\\): ${again}; if nvidia-smi`),
    ],
    [
      [702],
      new RegExp(`^the GPU was stopped because a kernel took too long \\(.*\\).*: ${again} on another GPU`),
    ],
    [
      [700, 710, 714, 715, 716, 717, 718, 719],
      new RegExp(
        `^the GPU stopped at an error in a kernel \\(.*\\): ${again}; if it stops again, report it with`,
      ),
    ],
  ];
  for (const [statuses, says] of sentences)
    test(`status ${statuses}`, () => {
      for (const status of statuses) {
        const failure = driverFailure({ status, call: 'cuStreamSynchronize', words: 'words' });
        refused(() => {
          throw failure;
        }, says);
        assert.doesNotMatch(flagMessageOf(failure), /--(per-device|batch|max|gradient)/);
      }
    });

  test('a status that only a bug of this program can cause is a plain Error', () => {
    const failure = driverFailure({ status: 1, call: 'cuMemsetD8Async', words: 'words' });
    assert.ok(!(failure instanceof UserError));
  });

  /** Runs a kernel of that device. */
  const work = (device: CudaDevice) => {
    const total = device.allocate('total', [1]);
    device.sum(total, device.allocate('x', [64]));
    device.download(total);
  };

  test('after a failing kernel the device is released without further errors', () => {
    const device = open();
    emulate({ LOSE_AFTER: 0, LOSE_WITH: 719 });
    refused(() => work(device), /^the GPU stopped at an error in a kernel \(CUDA_ERROR_LAUNCH_FAILED: /);
  });

  test('a card that disappears is reported as lost, and the next device does not start', () => {
    const device = open();
    emulate({ LOSE_AFTER: 0 });
    refused(() => work(device), /^the GPU was lost \(CUDA_ERROR_UNKNOWN: /);
    refused(open, /: CUDA does not start \(CUDA_ERROR_UNKNOWN: .*, from cu(?!Init)\w+\)/, CudaUnavailable);
  });

  test('kernels that the driver does not accept', () => {
    const device = open();
    emulate({ COMPUTE_CAPABILITY: '8.0' });
    refused(() => work(device), /^the NVIDIA driver does not accept the compiled kernels \(.*BINARY_FOR_GPU/);
  });
});

test('host memory is reported apart from GPU memory', () => {
  const driver = openDriver(emulator);
  driver.createContext(0);
  try {
    refused(
      () => driver.allocHost(2 ** 50),
      /^not enough memory in the machine itself: .* need 1126 TB of it/,
    );
  } finally {
    driver.destroyContext();
  }
});

test('a card that the compiler does not know yet, for each CUDA version of its driver', () => {
  emulate({ COMPUTE_CAPABILITY: '15.0' });
  const create = (folder: string) =>
    createCudaDevice({ env: { ...emulator, CHATBOT_TRAIN_CUDA_LIBRARIES: folder } });
  refused(
    () => create(emulatorFolder()),
    /cannot compile for this GPU's sm_150: unset CHATBOT_TRAIN_CUDA_LIBRARIES && pip install --upgrade nvidia-cuda-nvrtc, or use --device cpu\.$/,
    CudaUnavailable,
  );
  emulate({ DRIVER_VERSION: 12_040, NVRTC_VERSION: '12.4' });
  refused(
    () => create(emulatorFolderOfCuda12()),
    /\(CUDA 12\.4\) cannot compile for this GPU's sm_150: unset CHATBOT_TRAIN_CUDA_LIBRARIES && pip install --upgrade nvidia-cuda-nvrtc-cu12, or/,
  );
});

describe('cuBLASLt', () => {
  const create = () => createCudaDevice({ env: emulator });

  for (const status of [1, 14])
    test(`that does not start, with status ${status}`, () => {
      emulate({ CUBLASLT_ERROR: status });
      refused(
        create,
        /^cuBLASLt 13\.0\.0 does not start: check that it suits the driver with .* \(CUBLAS_STATUS/,
      );
    });

  const sentences: readonly (readonly [status: number, says: RegExp])[] = [
    [
      3,
      /^cuBLASLt 13\.0\.0 cannot allocate memory on the GPU: end other programs .*\(CUBLAS_STATUS_ALLOC_FAILED/,
    ],
    [
      8,
      /^cuBLASLt 13\.0\.0 does not know this GPU: unset CHATBOT_TRAIN_CUDA_LIBRARIES && pip install --upgrade nvidia-cublas, or use --device cpu \(/,
    ],
    [13, /^cuBLASLt 13\.0\.0 stopped on the GPU: start again .*; if it stops again, report it with/],
  ];
  for (const [status, says] of sentences)
    test(`that fails with status ${status} at the start and in a product`, () => {
      const device = create();
      devices.push(device);
      const [out, a, b] = [0, 1, 2].map(() => device.allocate('x', [32, 32]));
      assert.ok(out && a && b);
      emulate({ CUBLASLT_ERROR: status });
      refused(() => device.matmul(out, a, b), says);
      refused(create, says);
    });
});

test('a model with more channels than the kernels support', () => {
  const config = { ...tinyConfig, nEmbd: 4224, nHead: 66 };
  assert.throws(
    () => new GPT2(open(), config, { trainable: false }),
    /^UserError: cuda supports models of up to 4096 channels, but this one has 4224: use device: 'cpu'$/,
  );
});
