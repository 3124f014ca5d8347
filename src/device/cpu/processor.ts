// The processor and the memory that this process may use. On Linux this reads /proc, /sys and the limits of control groups,
// because a container's limits differ from the machine's. Other systems use what Node reports.

import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem } from 'node:os';
import { join } from 'node:path';

/** A text that differs between processors for which -march=native could produce different code. */
export function processorFingerprint(): string {
  const [firstProcessor = ''] = read('/proc/cpuinfo')?.split('\n\n') ?? [];
  const identifying = firstProcessor
    .split('\n')
    .filter((line) => /^(vendor_id|cpu family|model|model name|stepping|flags|Features|CPU )/.test(line));
  return [process.platform, process.arch, processorName(), ...identifying].join('\n');
}

/** What /proc/cpuinfo calls the instructions of the first processor; empty on systems without that file. */
export function processorFlags(root = '/'): ReadonlySet<string> {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(read(join(root, 'proc/cpuinfo')) ?? '')?.[1];
  return new Set(flags?.trim().split(/\s+/));
}

/** The name for people, such as `AMD EPYC` or `Neoverse V1`. @param model what Node reports. */
export function processorName(root = '/', model = cpus()[0]?.model ?? ''): string {
  const name = model
    .replace(/\((R|TM)\)|\bCPU\b|\bProcessor\b|@.*$/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (name && name !== 'unknown') return name;
  return armName(read(join(root, 'proc/cpuinfo')) ?? '') ?? process.arch;
}

/** Arm processors of servers and small computers, by implementer and part: Linux has no names for them, and Node none either. */
const armNames: ReadonlyMap<string, string> = new Map([
  ['0x41 0xd08', 'Cortex-A72'],
  ['0x41 0xd0b', 'Cortex-A76'],
  ['0x41 0xd0c', 'Neoverse N1'],
  ['0x41 0xd40', 'Neoverse V1'],
  ['0x41 0xd49', 'Neoverse N2'],
  ['0x41 0xd4f', 'Neoverse V2'],
  ['0x41 0xd84', 'Neoverse V3'],
  ['0x41 0xd8e', 'Neoverse N3'],
  ['0xc0 0xac3', 'Ampere-1'],
  ['0xc0 0xac4', 'Ampere-1a'],
]);

function armName(cpuinfo: string): string | undefined {
  const [implementer, part] = ['implementer', 'part'].map(
    (field) => new RegExp(`^CPU ${field}\\s*:\\s*(\\S+)`, 'm').exec(cpuinfo)?.[1],
  );
  return armNames.get(`${implementer} ${part}`);
}

/**
 * The number of physical cores that this process may run on, limited by the CPU quota of its control group. Hyper-threads
 * do not count: two threads on one core share its vector units and would wait for each other.
 */
export function physicalCores(root = '/'): number {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(read(join(root, 'proc/self/status')) ?? '')?.[1];
  const cores = new Set(
    parseList(allowed ?? '').map(
      (cpu) =>
        read(join(root, `sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`)) ?? `alone ${cpu}`,
    ),
  );
  return Math.max(1, Math.min(cores.size || Number.POSITIVE_INFINITY, availableParallelism(), quota(root)));
}

/** Bytes that can be allocated without swapping, within the limits of the machine and of every enclosing control group. */
export function availableBytes(root = '/'): number {
  const kibibytes = /^MemAvailable:\s*(\d+) kB/m.exec(read(join(root, 'proc/meminfo')) ?? '')?.[1];
  const machine = kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
  const rooms = controlGroups(root, 'memory').map((group) => {
    const limit = number(join(group, 'memory.max')) ?? number(join(group, 'memory.limit_in_bytes'));
    const usage = number(join(group, 'memory.current')) ?? number(join(group, 'memory.usage_in_bytes'));
    if (limit === undefined || usage === undefined) return Number.POSITIVE_INFINITY;
    // Inactive file pages count as usage, but the kernel reclaims them when memory is needed.
    const idle = /^(?:total_)?inactive_file (\d+)/m.exec(read(join(group, 'memory.stat')) ?? '')?.[1];
    return Math.max(0, limit - usage + Number(idle ?? 0));
  });
  return Math.min(machine, ...rooms);
}

function quota(root: string): number {
  const bounds = controlGroups(root, 'cpu').map((group) => {
    const [most, period] = read(join(group, 'cpu.max'))?.split(/\s+/) ?? [
      read(join(group, 'cpu.cfs_quota_us')),
      read(join(group, 'cpu.cfs_period_us')),
    ];
    const cores = Number(most) / Number(period);
    return cores > 0 ? Math.ceil(cores) : Number.POSITIVE_INFINITY;
  });
  return Math.min(Number.POSITIVE_INFINITY, ...bounds);
}

/** The folders of this process's control group and its ancestors, for version 2 (one tree) and 1 (one per controller). */
function controlGroups(root: string, controller: 'memory' | 'cpu'): string[] {
  const folders: string[] = [];
  for (const line of read(join(root, 'proc/self/cgroup'))?.split('\n') ?? []) {
    const [id, controllers = '', path = ''] = line.split(':');
    const tree = id === '0' ? '' : controllers.split(',').includes(controller) ? controllers : undefined;
    if (tree === undefined) continue;
    const names = path.split('/').filter((name) => name !== '' && name !== '..');
    for (let depth = 0; depth <= names.length; depth++)
      folders.push(join(root, 'sys/fs/cgroup', tree, ...names.slice(0, depth)));
  }
  return folders;
}

/** `0-2,5` becomes 0, 1, 2, 5. */
function parseList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map((end) => Number.parseInt(end, 10));
    return Number.isInteger(first) ? Array.from({ length: last - first + 1 }, (_, at) => first + at) : [];
  });
}

function number(path: string): number | undefined {
  const text = read(path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
