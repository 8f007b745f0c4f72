import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BottegaError } from '../errors/index.js';
import { innerTarget } from './link.js';
import { Sync, type BlobReceiver, type Snapshot } from './sync.js';
import { treeOf } from './tree.js';

let scratch: string;
let folder: string;
let sync: Sync;

beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'sync-')));
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
const appendOrShrink = (path: string, size: number): Promise<void> => writeFile(path, 'x'.repeat(size * 1_000_000));
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

  fetch: BlobReceiver['fetch'] = async (path, init) => {
    let answer: unknown;
    if (path === '/v1/blobs/missing') {
      const { blobs } = init.json as { blobs: string[] };
      this.asked.push(blobs);
      answer = { missing: blobs.filter(digest => !this.blobs.has(digest)) };
    } else {
      const bytes = Buffer.from(await new Response(init.body as BodyInit).arrayBuffer());
      for (let at = 0; at < bytes.length;) {
        const size = Number(bytes.readBigUInt64BE(at));
        const blob = bytes.subarray(at + 8, at + 8 + size);
        this.blobs.set(sha256(blob), blob);
        at += 8 + size;
      }
    }
    return { json: () => Promise.resolve(answer) };
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
    for (const target of ['/etc/passwd', '../outside', 'sub/../../outside', 'sub/../inside']) {
      symlinkSync(target, join(folder, 'link'));
      const error = await refusal(sync.scan(folder));
      expect(error.code).toBe('folder_unreadable');
      expect(error.message).toContain(`link is a link to ${target}`);
      rmSync(join(folder, 'link'));
    }
  });

  test('keeps a link by its absolute path inside the folder as a relative one', async () => {
    write('data/a.txt', 'a');
    symlinkSync(join(realpathSync(folder), 'data/a.txt'), join(folder, 'data/link'));
    const { tree } = await sync.scan(folder);
    expect(tree.entries[1]).toEqual({ path: 'data/link', type: 'link', target: 'a.txt' });
  });

  test('links that are kept stay inside, however they are chained', () => {
    const step = fc.constantFrom('..', '.', 'a', 'b', 'c');
    const link = fc.tuple(fc.constantFrom('a', 'b', 'c', 'a/b', 'a/c', 'b/c/a'), fc.array(step, { maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(link, { maxLength: 6 }), links => {
        const inner = join(scratch, 'chain');
        rmSync(inner, { recursive: true, force: true });
        mkdirSync(inner);
        for (const [path, steps] of links) {
          const target = steps.join('/') || '.';
          try {
            innerTarget(inner, path, target);
            // A link never has entries below it in a folder that was walked, so its parents are real folders here.
            mkdirSync(dirname(join(inner, path)), { recursive: true });
            if (realpathSync(dirname(join(inner, path))) !== dirname(join(inner, path))) continue;
            symlinkSync(target, join(inner, path));
          } catch {
            continue;
          }
        }
        for (const [name] of links) {
          const path = join(inner, name);
          if (!existsSync(path)) continue;
          const real = realpathSync(path);
          expect(real === inner || real.startsWith(`${inner}/`), `${path} leads to ${real}`).toBe(true);
        }
      }),
      { numRuns: 200 }
    );
  });

  test('skips what has no content', async () => {
    write('a.py', 'a');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect((await sync.scan(folder)).tree.entries.map(entry => entry.path)).toEqual(['a.py']);
  });

  test('counts files against their own limit', async () => {
    const small = new Sync({ home: join(scratch, 'home'), limitFiles: 2 });
    for (const name of ['a', 'b', 'c']) write(`many/${name}`, '');
    const error = await refusal(small.scan(folder));
    expect(error.message).toBe('The project folder has more than 2 files. Largest so far: many (3 files).');
  });

  test('names the file that cannot be read', async () => {
    mkdirSync(join(folder, '.bottegaignore'));
    expect((await refusal(sync.scan(folder))).message).toBe('.bottegaignore cannot be read.');
  });

  test('reads a settled file once, also after a restart', async () => {
    const path = write('a.py', 'one');
    const old = new Date(Date.now() - 60_000);
    utimesSync(path, old, old);
    const first = await sync.scan(folder);
    // Same size, time and inode: only a cache can give the old digest, so the file was not read again.
    writeFileSync(path, 'two');
    utimesSync(path, old, old);
    expect((await new Sync({ home: join(scratch, 'home') }).scan(folder)).tree.digest).toBe(first.tree.digest);
  });

  test('a file that is written meanwhile is hashed as one state of it', async () => {
    const path = write('log.txt', 'x'.repeat(3_000_000));
    let isOver = false;
    const writer = (async () => {
      for (let size = 1; !isOver; size = (size % 9) + 1) await appendOrShrink(path, size);
    })();
    const outcome = await sync.scan(folder).catch((error: unknown) => error);
    isOver = true;
    await writer;
    if (outcome instanceof BottegaError) expect(outcome.message).toContain('is being written all the time');
    else {
      const [entry] = (outcome as Snapshot).tree.entries;
      const size = entry?.type === 'file' ? entry.size : -1;
      expect(entry).toMatchObject({ blob: sha256('x'.repeat(size)) });
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

  test('streams a blob that is larger than a pack', async () => {
    const engine = new Receiver();
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'large');
    writeFileSync(join(folder, 'model.bin'), bytes);
    write('a.py', 'a');
    const snapshot = await sync.scan(folder);
    expect(await sync.push(snapshot, engine)).toEqual({ sentBlobs: 2, sentBytes: bytes.length + 1 + 16 });
    expect(engine.blobs.get(sha256(bytes))?.length).toBe(bytes.length);
  });

  test('asks about everything again when the engine lost blobs', async () => {
    const engine = new Receiver();
    write('a.py', 'a');
    const snapshot = await sync.scan(folder);
    await sync.push(snapshot, engine);
    engine.blobs.clear();
    sync.forget(engine.incarnation);
    expect(await sync.push(snapshot, engine)).toMatchObject({ sentBlobs: 1 });
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
