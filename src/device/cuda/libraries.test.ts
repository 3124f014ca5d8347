import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { flagMessageOf } from '../../cli/flag-names.js';
import { CudaUnavailable, UnusableLibrary } from './errors.js';
import {
  cureOf,
  fileVersion,
  findLibrary,
  type Library,
  openLibrary,
  requireLibraries,
  suitableMajors,
} from './libraries.js';
import { driverFolders, toolkitFolders } from './library-folders.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'libraries-')));
after(() => rmSync(root, { recursive: true }));

function file(...path: string[]): string {
  const whole = join(root, ...path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, 'a library');
  return whole;
}

/** Searches for the library with a HOME that contains nothing. */
function find(name: Library, env: NodeJS.ProcessEnv, majors: readonly number[] = []): string | undefined {
  return findLibrary(name, { env: { HOME: root, ...env }, majors });
}

/** Calls `work` with `folder` as the working folder. */
function within<Result>(folder: string, work: () => Result): Result {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return work();
  } finally {
    process.chdir(before);
  }
}

const packages = ['lib', 'python3.12', 'site-packages', 'nvidia'];

test('libraries are found in a toolkit, the loader path and conda', () => {
  const toolkit = file('cuda', 'lib64', 'libnvrtc.so.97');
  const loader = file('driver', 'libnvrtc.so.98');
  const conda = file('conda', 'lib', 'libnvrtc.so.99');
  assert.equal(find('libnvrtc', { CUDA_HOME: join(root, 'cuda') }, [97]), toolkit);
  assert.equal(find('libnvrtc', { LD_LIBRARY_PATH: `:${join(root, 'driver')}` }, [98]), loader);
  assert.equal(find('libnvrtc', { CONDA_PREFIX: join(root, 'conda') }, [99]), conda);
});

test('libraries are found in Python environments, as CUDA 12 and as CUDA 13 lays them out', () => {
  const compiler12 = file('venv12', ...packages, 'cuda_nvrtc', 'lib', 'libnvrtc.so.97');
  const blas12 = file('venv12', ...packages, 'cublas', 'lib', 'libcublasLt.so.97');
  const compiler13 = file('venv13', ...packages, 'cu13', 'lib', 'libnvrtc.so.98');
  const blas13 = file('venv13', ...packages, 'cu13', 'lib', 'libcublasLt.so.98');
  const [venv12, venv13] = ['venv12', 'venv13'].map((name) => ({ VIRTUAL_ENV: join(root, name) }));
  assert.equal(find('libnvrtc', { ...venv12 }, [97]), compiler12);
  assert.equal(find('libcublasLt', { ...venv12 }, [97]), blas12);
  assert.equal(find('libnvrtc', { ...venv13 }, [98]), compiler13);
  assert.equal(find('libcublasLt', { ...venv13 }, [98]), blas13);
});

test('the Python on PATH, conda and the packages of the user are searched by default', () => {
  const seen = file('python', ...packages, 'cu13', 'lib', 'libnvrtc.so.97');
  file('python', 'bin', 'python3');
  const conda = file('conda-python', ...packages, 'cublas', 'lib', 'libcublasLt.so.97');
  const own = file('.local', ...packages, 'cublas', 'lib', 'libcublasLt.so.98');
  assert.equal(find('libnvrtc', { PATH: join(root, 'python', 'bin') }, [97]), seen);
  assert.equal(find('libcublasLt', { CONDA_PREFIX: join(root, 'conda-python') }, [97]), conda);
  assert.equal(find('libcublasLt', {}, [98]), own);
});

test('nothing is loaded merely because it lies in the working folder', () => {
  const project = join(root, 'project');
  const planted = [
    file('project', '.venv', ...packages, 'cu13', 'lib', 'libnvrtc.so.97'),
    file('project', 'libnvrtc.so.97'),
    file('project', 'lib', 'libnvrtc.so.97'),
    file('project', 'lib64', 'libnvrtc.so.97'),
    file('project', 'bin', 'python3'),
    file('project', ...packages, 'cu13', 'lib', 'libnvrtc.so.97'),
    file('project', 'libcuda.so.1'),
    file('project', '.local', ...packages, 'cu13', 'lib', 'libnvrtc.so.97'),
  ];
  symlinkSync(project, join(root, 'link'));
  file('elsewhere', 'readme');
  for (const name of ['libnvrtc.so.97', 'libcuda.so.1'])
    symlinkSync(join(project, name), join(root, 'elsewhere', name));
  const settings: NodeJS.ProcessEnv[] = [
    {},
    { HOME: project },
    { LD_LIBRARY_PATH: `:.:lib:${project}:${join(root, 'link')}:${join(root, 'elsewhere')}` },
    { PATH: `:.:bin:${join(project, 'bin')}` },
    { CUDA_HOME: '.', CUDA_PATH: 'lib/..', VIRTUAL_ENV: '.venv', CONDA_PREFIX: '.' },
    { CHATBOT_TRAIN_CUDA_LIBRARIES: '.' },
  ];
  const absentDriver = within(root, () => find('libcuda', {}));
  within(project, () => {
    for (const env of settings) {
      assert.equal(find('libnvrtc', env, [97]), undefined, JSON.stringify(env));
      assert.ok(!planted.includes(String(find('libcuda', env))), JSON.stringify(env));
    }
  });
  // The same files are found from another folder, so the search itself works.
  assert.equal(find('libnvrtc', { LD_LIBRARY_PATH: project }, [97]), planted[1]);
  assert.equal(absentDriver, find('libcuda', {}));
});

test('an environment or a toolkit that a variable names by an absolute path may lie in the working folder', () => {
  const project = join(root, 'own-project');
  const venv = file('own-project', '.venv', ...packages, 'cu13', 'lib', 'libnvrtc.so.97');
  const toolkit = file('own-project', 'cuda', 'lib64', 'libnvrtc.so.98');
  within(project, () => {
    assert.equal(find('libnvrtc', { VIRTUAL_ENV: join(project, '.venv') }, [97]), venv);
    assert.equal(find('libnvrtc', { CONDA_PREFIX: join(project, '.venv') }, [97]), venv);
    assert.equal(find('libnvrtc', { CUDA_HOME: join(project, 'cuda') }, [98]), toolkit);
    assert.equal(find('libnvrtc', { CHATBOT_TRAIN_CUDA_LIBRARIES: dirname(toolkit) }), toolkit);
  });
});

test('the driver is searched only where the loader looks, not in toolkits, environments or packages', () => {
  for (const path of [
    ['cuda', 'lib64'],
    ['conda', 'lib'],
    ['venv', ...packages, 'cu13', 'lib'],
  ])
    file(...path, 'libcuda.so.1');
  const env = {
    CUDA_HOME: join(root, 'cuda'),
    CONDA_PREFIX: join(root, 'conda'),
    VIRTUAL_ENV: join(root, 'venv'),
  };
  const anywhere = driverFolders(env).map(({ path }) => path);
  assert.ok(anywhere.every((path) => !path.startsWith(root)));
  assert.ok(toolkitFolders(env).some(({ path }) => path === join(root, 'cuda', 'lib64')));
  const driver = file('driver', 'libcuda.so.1');
  assert.equal(find('libcuda', { ...env, LD_LIBRARY_PATH: join(root, 'driver') }), driver);
});

test('toolkits come before the loader, the loader before conda, conda before Python', () => {
  const wanted = [
    file('first', 'lib64', 'libnvrtc.so.97'),
    file('second', 'libnvrtc.so.97'),
    file('third', 'lib', 'libnvrtc.so.97'),
    file('fourth', ...packages, 'cu13', 'lib', 'libnvrtc.so.97'),
  ];
  const settings = [
    { CUDA_HOME: join(root, 'first') },
    { LD_LIBRARY_PATH: join(root, 'second') },
    { CONDA_PREFIX: join(root, 'third') },
    { VIRTUAL_ENV: join(root, 'fourth') },
  ];
  wanted.forEach((path, at) => {
    assert.equal(find('libnvrtc', Object.assign({}, ...settings.slice(at)), [97]), path);
  });
});

test('CHATBOT_TRAIN_CUDA_LIBRARIES names the only folder that is searched', () => {
  file('toolkit', 'lib64', 'libnvrtc.so.97');
  const only = join(root, 'only');
  const env = { CHATBOT_TRAIN_CUDA_LIBRARIES: only, CUDA_HOME: join(root, 'toolkit') };
  for (const folders of [toolkitFolders(env), driverFolders(env)])
    assert.deepEqual(folders, [{ path: only, named: true }]);
  assert.equal(find('libnvrtc', env), undefined);
});

test('the newest suitable version wins, in whichever folder it lies', () => {
  const twelve = file('versions', 'a', 'libnvrtc.so.12');
  const thirteen = file('versions', 'b', 'libnvrtc.so.13');
  const env = { LD_LIBRARY_PATH: ['a', 'b'].map((name) => join(root, 'versions', name)).join(':') };
  assert.equal(find('libnvrtc', env, [13, 12]), thirteen);
  assert.equal(find('libnvrtc', env, [12]), twelve);
  const only = { CHATBOT_TRAIN_CUDA_LIBRARIES: join(root, 'versions', 'a') };
  assert.equal(find('libnvrtc', only), twelve);
});

test('builtins, broken links and libraries of another processor are skipped', () => {
  file('odd', 'libnvrtc-builtins.so.12');
  file('odd', 'libnvrtc.so.alt');
  symlinkSync('gone', join(root, 'odd', 'libnvrtc.so.12'));
  assert.equal(find('libnvrtc', { CHATBOT_TRAIN_CUDA_LIBRARIES: join(root, 'odd') }), undefined);
  const narrow = file('narrow', 'libcuda.so.1');
  writeFileSync(narrow, Buffer.concat([Buffer.from('\x7fELF\x01\x01\x01', 'latin1'), Buffer.alloc(57)]));
  assert.equal(find('libcuda', { CHATBOT_TRAIN_CUDA_LIBRARIES: join(root, 'narrow') }), undefined);
});

test('the version of a driver is read from the name of its file', () => {
  file('named', 'libcuda.so.560.35.03');
  symlinkSync('libcuda.so.560.35.03', join(root, 'named', 'libcuda.so.1'));
  assert.equal(fileVersion(join(root, 'named', 'libcuda.so.1')), '560.35.03');
  assert.equal(fileVersion(file('named', 'libnvrtc.so.12')), undefined);
});

test('CUDA 13 is for drivers of CUDA 13 and cards from Turing on', () => {
  assert.deepEqual(suitableMajors(13_000, [9, 0]), [13, 12]);
  assert.deepEqual(suitableMajors(12_040, [9, 0]), [12]);
  assert.deepEqual(suitableMajors(13_000, [7, 0]), [12]);
  assert.throws(
    () => suitableMajors(11_080, [9, 0]),
    /driver is too old \(it supports CUDA 11\.8, and 12\.0 is/,
  );
});

test('the error for a missing library gives a command that installs it where it is searched', () => {
  const here = { HOME: root, CHATBOT_TRAIN_CUDA_LIBRARIES: root };
  const refused = (env: NodeJS.ProcessEnv, majors: number[], pattern: RegExp) =>
    assert.throws(
      () => requireLibraries(['libnvrtc'], { env: { ...here, ...env }, majors }),
      (thrown) => thrown instanceof CudaUnavailable && pattern.test(flagMessageOf(thrown)),
    );
  const own = '~/\\.local/share/chatbot-train/python';
  refused(
    {},
    [13, 12],
    new RegExp(
      `^--device cuda: libnvrtc of CUDA 13 or 12 is not found in .*: unset CHATBOT_TRAIN_CUDA_LIBRARIES && python3 -m venv ${own} && ${own}/bin/python -m pip install nvidia-cuda-nvrtc, or use --device cpu\\.$`,
    ),
  );
  refused({ VIRTUAL_ENV: root }, [12], / && pip install nvidia-cuda-nvrtc-cu12, or/);
  file('libnvrtc.so.13');
  refused({}, [12], /libnvrtc\.so\.13 does not suit this GPU and its driver, which need CUDA 12/);
  assert.equal(
    cureOf(['libnvrtc', 'libcublasLt'], [13, 12], { VIRTUAL_ENV: root }),
    'pip install nvidia-cuda-nvrtc nvidia-cublas',
  );
});

test('libraries that the advice installs are found', () => {
  const home = join(root, 'home');
  const advice = cureOf(['libnvrtc'], [97], { HOME: root });
  const folder = /python3 -m venv ~\/(\S+) && ~\/\1\/bin\/python -m pip install/.exec(advice)?.[1] ?? '';
  assert.notEqual(folder, '', advice);
  const made = file('home', folder, ...packages, 'cu13', 'lib', 'libnvrtc.so.97');
  assert.equal(find('libnvrtc', { HOME: home }, [97]), made);
  within(home, () => {
    const nowhere = cureOf(['libnvrtc'], [97], { HOME: home });
    assert.match(nowhere, /^set HOME to a folder of yours outside the working folder, then: python3/);
    assert.equal(find('libnvrtc', { HOME: home }, [97]), undefined);
  });
});

test('one command installs all that is missing', () => {
  const env = { CHATBOT_TRAIN_CUDA_LIBRARIES: join(root, 'nowhere'), VIRTUAL_ENV: root };
  assert.throws(
    () => requireLibraries(['libnvrtc', 'libcublasLt'], { env, majors: [12] }),
    /: libnvrtc and libcublasLt of CUDA 12 are not found in .*: unset .* && pip install nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12, or/,
  );
});

test('an unusable library is skipped for a usable one; if there is none, the error names it and the fix', () => {
  const damaged = file('several', 'libnvrtc.so.13');
  const twelve = file('several', 'libnvrtc.so.12');
  // This test must not find the machine's own libraries, or those of a .venv here.
  const env = { CHATBOT_TRAIN_CUDA_LIBRARIES: join(root, 'several'), VIRTUAL_ENV: root };
  const wanted = { env, majors: [13, 12] };
  const open = (path: string) => {
    if (path === damaged) throw new UnusableLibrary(`${path} is damaged`, '--force-reinstall');
    return path;
  };
  assert.equal(openLibrary('libnvrtc', wanted, open), twelve);
  const neither = (path: string) => {
    if (path === twelve) throw new UnusableLibrary(`${path} is too old`, '--upgrade');
    return open(path);
  };
  assert.throws(
    () => openLibrary('libnvrtc', wanted, neither),
    (thrown) =>
      thrown instanceof CudaUnavailable &&
      thrown.reason === `${damaged} is damaged` &&
      thrown.cure?.endsWith('pip install --force-reinstall nvidia-cuda-nvrtc'),
  );
  const mistake = new RangeError('of ours');
  assert.throws(
    () =>
      openLibrary('libnvrtc', wanted, () => {
        throw mistake;
      }),
    mistake,
  );
});
