import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BottegaError } from '../errors/index.js';
import { Sync, treeOf, type BlobReceiver } from './sync.js';

let scratch: string;
let folder: string;
let sync: Sync;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sync-'));
  folder = join(scratch, 'project');
  mkdirSync(folder);
  sync = new Sync({ home: join(scratch, 'home') });
});
afterEach(() => rmSync(scratch, { recursive: true }));

const write = (path: string, text: string): string => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
};
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const refusal = async (work: Promise<unknown>): Promise<BottegaError> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason
  );
  expect(error).toBeInstanceOf(BottegaError);
  return error as BottegaError;
};

/** Keeps the blobs it is sent, under the digests it computes itself, as the engine does. */
class Receiver implements BlobReceiver {
  incarnation: string = randomUUID();
  readonly blobs = new Map<string, Buffer>();
  readonly asked: string[][] = [];

  fetch: BlobReceiver['fetch'] = (path, init) => {
    let answer: unknown;
    if (path === '/v1/blobs/missing') {
      const { blobs } = init.json as { blobs: string[] };
      this.asked.push(blobs);
      answer = { missing: blobs.filter(digest => !this.blobs.has(digest)) };
    } else {
      const bytes = Buffer.from(init.body!);
      for (let at = 0; at < bytes.length;) {
        const size = Number(bytes.readBigUInt64BE(at));
        const blob = bytes.subarray(at + 8, at + 8 + size);
        this.blobs.set(sha256(blob), blob);
        at += 8 + size;
      }
    }
    return Promise.resolve({ json: () => Promise.resolve(answer) });
  };
}

describe('scanning', () => {
  test('gives every file by content, with its mode, sorted', async () => {
    write('train.py', 'print(1)');
    chmodSync(write('bin/run.sh', 'true'), 0o755);
    symlinkSync('../train.py', join(folder, 'bin/link.py'));
    const { tree, files } = await sync.scan(folder);
    expect(tree.entries).toEqual([
      { path: 'bin/link.py', type: 'link', target: '../train.py' },
      { path: 'bin/run.sh', type: 'file', blob: sha256('true'), size: 4, executable: true },
      { path: 'train.py', type: 'file', blob: sha256('print(1)'), size: 8, executable: false }
    ]);
    expect(files.get(sha256('print(1)'))).toBe(join(folder, 'train.py'));
    expect(tree).toEqual(treeOf(tree.entries));
  });

  test('leaves out what is ignored', async () => {
    write('keep.py', '');
    for (const path of ['.git/config', '__pycache__/a.pyc', 'data/big.bin', 'sub/note.tmp']) write(path, 'x');
    write('.bottegaignore', 'data/\n*.tmp\n');
    const { tree } = await sync.scan(folder);
    expect(tree.entries.map(entry => entry.path)).toEqual(['.bottegaignore', 'keep.py']);
  });

  test('sees an edit that keeps size and time', async () => {
    const path = write('a.py', 'one');
    const before = (await sync.scan(folder)).tree.digest;
    writeFileSync(path, 'two');
    const now = new Date();
    utimesSync(path, now, now);
    expect((await sync.scan(folder)).tree.digest).not.toBe(before);
  });

  test('says which entries make a folder too large, before reading them', async () => {
    const small = new Sync({ home: join(scratch, 'home'), limitBytes: 100 });
    write('models/a.bin', 'x'.repeat(90));
    write('b.txt', 'x'.repeat(20));
    const error = await refusal(small.scan(folder));
    expect(error.code).toBe('folder_too_large');
    expect(error.message).toContain('models (90 bytes), b.txt (20 bytes)');
    expect(error.hint).toContain('.bottegaignore');
  });

  test('never follows a link out of the folder', async () => {
    for (const target of ['/etc/passwd', '../outside', 'sub/../../outside']) {
      symlinkSync(target, join(folder, 'link'));
      const error = await refusal(sync.scan(folder));
      expect(error.code).toBe('folder_unreadable');
      expect(error.message).toContain(`link is a link to ${target}`);
      rmSync(join(folder, 'link'));
    }
  });

  test('says that a folder is not there', async () => {
    const error = await refusal(sync.scan(join(scratch, 'nowhere')));
    expect(error.message).toMatch(/nowhere cannot be read: it is not there/);
  });

  test('the digest does not depend on the order in which entries were found', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 });
    const shuffled = names.chain(list =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        const entries = (list: string[]) => list.map(path => ({ path, type: 'link', target: 'x' }) as const);
        expect(treeOf(entries(one))).toEqual(treeOf(entries(other)));
      })
    );
  });
});

describe('pushing', () => {
  test('sends each blob once and asks only about new ones', async () => {
    const engine = new Receiver();
    write('a.py', 'a');
    write('b.py', 'b');
    write('same.py', 'a');
    expect(await sync.push(await sync.scan(folder), engine)).toMatchObject({ sentBlobs: 2 });
    write('a.py', 'edited');
    expect(await sync.push(await sync.scan(folder), engine)).toMatchObject({ sentBlobs: 1 });
    expect(engine.asked[1]).toEqual([sha256('edited')]);
    expect([...engine.blobs.values()].map(String).sort()).toEqual(['a', 'b', 'edited']);
  });

  test('asks a new incarnation about everything', async () => {
    const engine = new Receiver();
    write('a.py', 'a');
    await sync.push(await sync.scan(folder), engine);
    engine.incarnation = 'second';
    expect(await sync.push(await sync.scan(folder), engine)).toEqual({ sentBlobs: 0, sentBytes: 0 });
    expect(engine.asked).toHaveLength(2);
  });

  test('refuses a file that changed after it was scanned', async () => {
    write('a.py', 'a');
    const snapshot = await sync.scan(folder);
    write('a.py', 'b');
    const error = await refusal(sync.push(snapshot, new Receiver()));
    expect(error.message).toContain('changed while the folder was being sent');
  });

  test('packs of any blobs give back those blobs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.string({ maxLength: 200 }), { maxLength: 8 }), async texts => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        texts.forEach((text, number) => write(`${number}.txt`, text));
        const engine = new Receiver();
        await sync.push(await sync.scan(folder), engine);
        expect(new Set(engine.blobs.keys())).toEqual(new Set(texts.map(sha256)));
      }),
      { numRuns: 25 }
    );
  });
});
