import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalProvider } from './index.js';
import { saveLocal } from './local-state.js';
import { readProcess } from './processes.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const up = (python: string, more = {}): Promise<unknown> =>
  new LocalProvider({ spec: { provider: 'local', name: 'local', ...more }, folder, python }).up(
    () => undefined,
    new AbortController().signal
  );
const program = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
};

test('a Python that is not there is named', async () => {
  await expect(up(join(folder, 'python'))).rejects.toMatchObject({
    code: 'cluster_start_failed',
    message: expect.stringContaining(`${folder}/python, which is not a program`) as string
  });
});

test('a Python without Ray is named', async () => {
  await expect(up(program('python', '#!/bin/sh\n'))).rejects.toMatchObject({
    code: 'cluster_start_failed',
    message: expect.stringContaining('does not have Ray') as string
  });
});

test('a dashboard port that is taken is said before anything starts', async () => {
  program('ray', '#!/bin/sh\n');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(up(program('python', '#!/bin/sh\n'), { dashboard_port: port })).rejects.toMatchObject({
    code: 'port_in_use',
    message: `Port ${port} is used by another program.`
  });
  server.close();
});

test('a Ray that does not start is tried once more, and then tells what it said', async () => {
  program('ray', `#!/bin/sh\necho tried >> ${folder}/tries\necho "no room in the stable" >&2\nexit 3\n`);
  await expect(up(program('python', '#!/bin/sh\n'))).rejects.toMatchObject({
    code: 'cluster_start_failed',
    details: expect.stringContaining('no room in the stable') as string
  });
  expect(readFileSync(join(folder, 'tries'), 'utf8')).toBe('tried\ntried\n');
});

test('while the folder of a cluster goes, others get their turn', async () => {
  const temporary = join(folder, 'temporary/ray');
  mkdirSync(temporary, { recursive: true });
  for (let number = 0; number < 2_000; number += 1) writeFileSync(join(temporary, String(number)), '');
  saveLocal(folder, { mark: 'nobody', session: null, processes: [], head: [], temporary, dashboardPort: 1 });
  const provider = new LocalProvider({ spec: { provider: 'local', name: 'local' }, folder, python: 'python' });
  const left = new Set<number>();
  const look = (): void => {
    if (!existsSync(temporary)) return;
    left.add(readdirSync(temporary).length);
    setImmediate(look);
  };
  look();
  await provider.down();
  expect(existsSync(dirname(temporary))).toBe(false);
  expect(left.size).toBeGreaterThan(1);
});

test('a start that is given up leaves no process behind', async () => {
  program('ray', `#!/bin/sh\necho $$ > ${folder}/pid\nexec sleep 60\n`);
  const spec = { provider: 'local' as const, name: 'local' };
  const provider = new LocalProvider({ spec, folder, python: program('python', '#!/bin/sh\n') });
  const life = new AbortController();
  const starting = provider.up(() => undefined, life.signal);
  await expect.poll(() => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8')).toBeTruthy();
  life.abort(new Error('stopped'));
  await expect(starting).rejects.toThrow('stopped');
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  expect(readProcess(pid)).toBeNull();
});
