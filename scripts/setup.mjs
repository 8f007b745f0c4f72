// Makes everything the project needs on a machine with Python ≥ 3.11, Node ≥ 20 and npm. A second call skips what stands.
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { phase, run } from './phase.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const python = join(root, '.venv/bin/python');
const uv = join(root, '.venv/bin/uv');
const packages = ['schema/python', 'native', 'kernel-bridge/python', 'extension'].filter(path =>
  existsSync(join(root, path, 'pyproject.toml'))
);

/** Does a piece of work once for each state of the files it depends on, and again when something it makes is gone. */
export const once = async (stamp, files, work, makes = []) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(root, file)));
  const wanted = hash.digest('hex');
  const path = join(root, stamp);
  const stands = [path, ...makes.map(each => join(root, each))].every(each => existsSync(each));
  if (stands && readFileSync(path, 'utf8') === wanted) return;
  await work();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wanted);
};

/** Every file below some folders, in a fixed order. */
const filesBelow = folders =>
  folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !/\.(map|tsbuildinfo)$/.test(entry.name))
      .map(entry => join(entry.parentPath, entry.name).slice(root.length))
      .sort()
  );

const labextension = 'extension/server/bottega_lab/labextension';

/** Bundles the JupyterLab extension. The stamp lies in what is built, so that it goes when that goes. */
const buildLabextension = () => {
  const sources = [
    'extension/lib',
    'extension/style',
    'extension/schema',
    'kernel-bridge/typescript/lib',
    'schema/lib'
  ];
  return once(`${labextension}/.stamp`, ['extension/package.json', 'package-lock.json', ...filesBelow(sources)], () =>
    phase(
      'JupyterLab extension',
      process.execPath,
      [
        join(root, 'node_modules/@jupyter/builder/lib/build-labextension.js'),
        ...['--core-package-file', join(root, 'node_modules/@jupyterlab/core-meta/core.package.json')],
        '.'
      ],
      // Its licence plugin takes modules without a folder for the package of the working folder: that must have a licence.
      { cwd: join(root, 'extension') }
    )
  );
};

/** JupyterLab of the environment finds the extension where it is built. */
const linkLabextension = () => {
  const link = join(root, '.venv/share/jupyter/labextensions/@bottega/lab');
  if (existsSync(join(link, 'package.json'))) return;
  if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link, { recursive: true });
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(root, labextension), link);
};

/** What JupyterLab asks at its first start, answered: no news, no look for newer versions. A person's settings win. */
const writeLabDefaults = () => {
  const folder = join(root, '.venv/share/jupyter/lab/settings');
  const defaults = {
    '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false }
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'overrides.json'), JSON.stringify(defaults, null, 2));
};

const findPython = async () => {
  for (const name of ['python3.13', 'python3.12', 'python3.11', 'python3', 'python']) {
    const { code } = await run(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))']);
    if (code === 0) return name;
  }
  console.error('Bottega needs Python 3.11 or newer with the venv module. Install it and start again.');
  return process.exit(1);
};

/** Ends the script with a sentence where this Node is too old. */
export const checkNode = () => {
  if (Number(process.versions.node.split('.')[0]) >= 20) return;
  console.error(`Bottega needs Node 20 or newer; this is ${process.versions.node}. Install it and start again.`);
  process.exit(1);
};

export const setup = async () => {
  checkNode();
  await once('node_modules/.bottega-stamp', ['package-lock.json'], () =>
    phase('npm packages', 'npm', ['ci', '--loglevel=error'], { cwd: root })
  );
  process.env.PATH = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  await once('.venv/bottega-stamp', ['requirements.lock'], async () => {
    const found = await findPython();
    await phase('Python environment', found, ['-m', 'venv', join(root, '.venv')]);
    await phase('uv', python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'uv']);
    const lock = ['-r', join(root, 'requirements.lock')];
    await phase('Python packages', uv, [
      'pip',
      'install',
      '--python',
      python,
      '--require-hashes',
      '--compile-bytecode',
      ...lock
    ]);
  });
  await once(
    '.venv/bottega-packages-stamp',
    ['requirements.lock', ...packages.map(each => `${each}/pyproject.toml`)],
    () =>
      phase('Python rooms', uv, [
        ...['pip', 'install', '--python', python, '--no-deps', '--no-build-isolation'],
        ...packages.flatMap(each => ['-e', join(root, each)])
      ])
  );
  const tslab = join(root, 'kernel-bridge/typescript/tslab.mjs');
  await once('.venv/bottega-kernel-stamp', ['node_modules/tslab/package.json', 'scripts/setup.mjs'], () =>
    phase('TypeScript kernel', tslab, ['install', `--python=${python}`, '--sys-prefix', `--binary=${tslab}`])
  );
  await phase('TypeScript', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', root]);
  await buildLabextension();
  linkLabextension();
  writeLabDefaults();
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup();
