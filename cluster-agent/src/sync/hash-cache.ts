import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, type BigIntStats } from 'node:fs';
import { rename, stat, writeFile } from 'node:fs/promises';
import { BottegaError } from '../errors/index.js';

/**
 * A file whose last change is younger than this may change again within the same time stamp (git calls it racily
 * clean), so its digest is used but not remembered.
 */
const RACY_NS = 2_000_000_000n;
const READS = 5;
const KEPT = 200_000;

export interface FileDigest {
  blob: string;
  size: number;
}

/** Remembers the SHA-256 of files by path, size, time of change and inode, so that an unchanged file is not read again. */
export class HashCache {
  private readonly known: Map<string, [signature: string, blob: string]>;
  private isChanged = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {
    this.known = new Map(load(path));
  }

  /**
   * SHA-256 and size of one state of the file. A file that changes while it is read is read again; one that never
   * rests is refused. Throws the system's error when it cannot be read.
   */
  async digest(path: string, found: BigIntStats): Promise<FileDigest> {
    let before = found;
    for (let read = 0; read < READS; read++) {
      const signature = signatureOf(before);
      const remembered = this.known.get(path);
      if (remembered?.[0] === signature) return { blob: remembered[1], size: Number(before.size) };
      const { blob, size } = await hashFile(path);
      const after = await stat(path, { bigint: true });
      if (signatureOf(after) === signature && size === Number(after.size)) {
        if (BigInt(Date.now()) * 1_000_000n - after.mtimeNs > RACY_NS) this.remember(path, signature, blob);
        return { blob, size };
      }
      before = after;
    }
    throw new BottegaError('folder_unreadable', `${path} is being written all the time.`, {
      hint: 'Run again when it is no longer being written, or name it in .bottegaignore.'
    });
  }

  /** Writes what is new to the disk, one write at a time. */
  save(): Promise<void> {
    this.writing = this.writing.then(async () => {
      if (!this.isChanged) return;
      this.isChanged = false;
      const temporary = `${this.path}.${process.pid}`;
      await writeFile(temporary, JSON.stringify([...this.known]), { mode: 0o600 });
      await rename(temporary, this.path);
    });
    return this.writing;
  }

  private remember(path: string, signature: string, blob: string): void {
    this.known.delete(path);
    this.known.set(path, [signature, blob]);
    this.isChanged = true;
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      this.known.delete(oldest);
    }
  }
}

const signatureOf = (stats: BigIntStats): string => `${stats.size}:${stats.mtimeNs}:${stats.ino}`;

const load = (path: string): [string, [string, string]][] => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as [string, [string, string]][];
  } catch {
    // A cache that is missing or broken is an empty cache.
    return [];
  }
};

const hashFile = async (path: string): Promise<FileDigest> => {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { blob: hash.digest('hex'), size };
};
