import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree, TreeEntry } from '@bottega/schema';
import { BottegaError, systemCode } from '../errors/index.js';
import { HashCache } from './hash-cache.js';
import { packs } from './pack.js';
import { walk } from './walk.js';

const READERS = 8;

/** A project folder at one moment: its tree, and where the bytes of each blob are. */
export interface Snapshot {
  tree: Tree;
  /** Absolute path by digest. */
  files: Map<string, string>;
  sizeBytes: number;
}

/** The part of an engine that receives blobs; `incarnation` changes when it may have forgotten them. */
export interface BlobReceiver {
  readonly incarnation: string;
  fetch(
    path: string,
    init: { method: string; json?: unknown; body?: Uint8Array; headers?: Record<string, string>; signal?: AbortSignal }
  ): Promise<{ json(): Promise<unknown> }>;
}

export interface SyncOptions {
  /** Where the cache of digests is kept. */
  home: string;
  limitBytes?: number;
  limitFiles?: number;
}

/** Turns project folders into trees by content and sends an engine the blobs it lacks. */
export class Sync {
  private readonly hashes: HashCache;
  private readonly limits;
  /** What each incarnation of an engine is known to have. */
  private readonly sent = new Map<string, Set<string>>();

  constructor({ home, limitBytes = 2 * 1024 ** 3, limitFiles = 100_000 }: SyncOptions) {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    this.hashes = new HashCache(join(home, 'hashes.json'));
    this.limits = { sizeBytes: limitBytes, files: limitFiles };
  }

  /** Throws folder_too_large and folder_unreadable. */
  async scan(folder: string, signal?: AbortSignal): Promise<Snapshot> {
    const found = await walk(folder, this.limits, signal);
    const root = await realpath(folder);
    const files = new Map<string, string>();
    const entries: TreeEntry[] = found.links.map(({ path, target }) => ({ path, type: 'link', target }));
    const queue = [...found.files];
    const readNext = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        signal?.throwIfAborted();
        const absolute = join(root, next.path);
        const blob = await this.hashes.digest(absolute, next.stats).catch(unreadable(next.path));
        files.set(blob, absolute);
        const executable = (next.stats.mode & 0o100n) !== 0n;
        entries.push({ path: next.path, type: 'file', blob, size: Number(next.stats.size), executable });
      }
    };
    await Promise.all(Array.from({ length: READERS }, readNext));
    this.hashes.save();
    return { tree: treeOf(entries), files, sizeBytes: found.sizeBytes };
  }

  /** Sends what the engine lacks; asks it only about blobs this incarnation was never sent. */
  async push(
    snapshot: Snapshot,
    engine: BlobReceiver,
    signal?: AbortSignal
  ): Promise<{ sentBlobs: number; sentBytes: number }> {
    const has = this.sent.get(engine.incarnation) ?? new Set();
    this.sent.set(engine.incarnation, has);
    const unknown = [...snapshot.files.keys()].filter(digest => !has.has(digest));
    const answer = { sentBlobs: 0, sentBytes: 0 };
    if (!unknown.length) return answer;
    const abort = signal ? { signal } : {};
    const asked = await engine.fetch('/v1/blobs/missing', { method: 'POST', json: { blobs: unknown }, ...abort });
    const { missing } = (await asked.json()) as { missing: string[] };
    for await (const pack of packs(missing, snapshot.files)) {
      const headers = { 'content-type': 'application/vnd.bottega.blobs' };
      await engine.fetch('/v1/blobs', { method: 'POST', body: pack.bytes, headers, ...abort });
      answer.sentBlobs += pack.blobs;
      answer.sentBytes += pack.bytes.length;
    }
    for (const digest of unknown) has.add(digest);
    return answer;
  }
}

/** Entries sorted by the bytes of their paths; the digest is the SHA-256 of their JSON. */
export const treeOf = (entries: TreeEntry[]): Tree => {
  const sorted = [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return { digest: createHash('sha256').update(JSON.stringify(sorted)).digest('hex'), entries: sorted };
};

const unreadable =
  (path: string) =>
  (error: unknown): never => {
    const reason = systemCode(error) === 'EACCES' ? 'permission denied' : String(error);
    throw new BottegaError('folder_unreadable', `${path} cannot be read: ${reason}.`, { cause: error });
  };
