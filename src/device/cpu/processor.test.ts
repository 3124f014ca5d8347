import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import {
  availableBytes,
  physicalCores,
  processorFingerprint,
  processorFlags,
  processorName,
} from './processor.js';

const root = mkdtempSync(join(tmpdir(), 'processor-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

let machines = 0;
/** Creates the root of a file system with these files. */
function machine(files: Record<string, string>): string {
  const folder = join(root, String(machines++));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const meminfo = 'MemTotal:       16000000 kB\nMemFree:         1000 kB\nMemAvailable:    8000000 kB\n';

test('the flags of the processor are read on x86 and on Arm', () => {
  const flagsOf = (cpuinfo: string) => processorFlags(machine({ 'proc/cpuinfo': cpuinfo }));
  assert.deepEqual(
    flagsOf('model\t: 1\nflags\t\t: fpu amx_bf16\n\nflags\t\t: other\n'),
    new Set(['fpu', 'amx_bf16']),
  );
  assert.deepEqual(flagsOf('Features\t: fp bf16\n'), new Set(['fp', 'bf16']));
  assert.deepEqual(processorFlags(machine({})), new Set());
});

test('without control groups, the available memory is the MemAvailable of the machine', () => {
  assert.equal(availableBytes(machine({ 'proc/meminfo': meminfo })), 8_000_000 * 1024);
  assert.ok(availableBytes() > 0);
});

test('a version 2 control group, or one above it, lowers the available memory', () => {
  const group = {
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '0::/jobs/mine\n',
    'sys/fs/cgroup/jobs/memory.max': '5000000000\n',
    'sys/fs/cgroup/jobs/memory.current': '2000000000\n',
    'sys/fs/cgroup/jobs/memory.stat': 'anon 1\ninactive_file 500000000\n',
    'sys/fs/cgroup/jobs/mine/memory.max': 'max\n',
    'sys/fs/cgroup/jobs/mine/memory.current': '1000000000\n',
  };
  assert.equal(availableBytes(machine(group)), 3_500_000_000);
  const tighter = { ...group, 'sys/fs/cgroup/jobs/mine/memory.max': '1000000001\n' };
  assert.equal(availableBytes(machine(tighter)), 1);
});

test('a version 1 control group lowers the available memory', () => {
  const group = {
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '3000000000\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1000000000\n',
    'sys/fs/cgroup/memory/memory.stat': 'cache 5\ntotal_inactive_file 7\n',
  };
  assert.equal(availableBytes(machine(group)), 2_000_000_007);
});

test('two hyper-threads of one core count once, and a quota limits the number of cores', () => {
  const cores = {
    'proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t0-1\n',
    'sys/devices/system/cpu/cpu0/topology/thread_siblings_list': '0-1\n',
    'sys/devices/system/cpu/cpu1/topology/thread_siblings_list': '0-1\n',
  };
  assert.equal(physicalCores(machine(cores)), 1);
  const quota = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '50000 100000\n' };
  assert.equal(physicalCores(machine(quota)), 1);
  assert.equal(physicalCores(machine({})), availableParallelism(), 'no information');
  const free = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n' };
  assert.equal(physicalCores(machine(free)), availableParallelism());
});

test('an Arm processor is named by the numbers of its part, which is all that Linux knows', () => {
  const cpuinfo = (part: string) =>
    `processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: ${part}\n`;
  const nameOf = (part: string) => processorName(machine({ 'proc/cpuinfo': cpuinfo(part) }), 'unknown');
  assert.equal(nameOf('0xd40'), 'Neoverse V1');
  assert.equal(nameOf('0xfff'), process.arch);
  assert.equal(processorName(machine({}), 'Some(R) CPU 7  @ 3 GHz'), 'Some 7');
});

test('the processor has a name and a fingerprint', () => {
  assert.ok(processorName().length > 0);
  assert.ok(processorFingerprint().includes(process.arch));
  assert.equal(processorFingerprint(), processorFingerprint());
});
