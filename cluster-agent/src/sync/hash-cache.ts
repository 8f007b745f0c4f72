import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, renameSync, writeFileSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/**
 * A file whose last change is younger than this may change again within the same time stamp (git calls it racily
 * clean), so its digest is used but not remembered.
 */
const RACY_NS = 2_000_000_000n;

/** Remembers the SHA-256 of files by path, size, time of change and inode, so that an unchanged file is not read again. */
export class HashCache {
  private readonly known: Map<string, [signature: string, digest: string]>;
  private dirty = false;

  constructor(private readonly path: string) {
    this.known = new Map(load(path));
  }

  /** SHA-256 of the file's bytes, in hex. Throws the system's error when it cannot be read. */
  async digest(path: string, stats: BigIntStats): Promise<string> {
    const signature = signatureOf(stats);
    const remembered = this.known.get(path);
    if (remembered?.[0] === signature) return remembered[1];
    const digest = await hashFile(path);
    const after = await stat(path, { bigint: true });
    const isSettled = BigInt(Date.now()) * 1_000_000n - after.mtimeNs > RACY_NS;
    if (signatureOf(after) === signature && isSettled) {
      this.known.set(path, [signature, digest]);
      this.dirty = true;
    }
    return digest;
  }

  save(): void {
    if (!this.dirty) return;
    const temporary = `${this.path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify([...this.known]), { mode: 0o600 });
    renameSync(temporary, this.path);
    this.dirty = false;
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

const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
};
