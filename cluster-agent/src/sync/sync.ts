import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BLOB_PACK, type Tree, type TreeEntry } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { Limits } from './found.js';
import { HashCache } from './hash-cache.js';
import { packs, type Blob } from './pack.js';
import { unreadable } from './refusals.js';
import { treeOf } from './tree.js';
import { walk } from './walk.js';

const READERS = 8;
const ASKED_AT_ONCE = 10_000;
const INCARNATIONS_KEPT = 16;
const SEND_TIMEOUT_MS = 10 * 60_000;

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
    init: {
      method: string;
      json?: unknown;
      body?: Uint8Array | ReadableStream;
      headers?: Record<string, string>;
      signal?: AbortSignal;
      timeoutMs?: number;
    }
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
  private readonly limits: Limits;
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
    const files = new Map<string, string>();
    const entries: TreeEntry[] = found.links.map(({ path, target }) => ({ path, type: 'link', target }));
    const queue = [...found.files];
    let sizeBytes = 0;
    const readNext = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        signal?.throwIfAborted();
        const absolute = join(found.root, next.path);
        const { blob, size } = await this.hashes.digest(absolute, next.stats).catch(unreadable(next.path));
        files.set(blob, absolute);
        sizeBytes += size;
        entries.push({ path: next.path, type: 'file', blob, size, executable: (next.stats.mode & 0o100n) !== 0n });
      }
    };
    await Promise.all(Array.from({ length: READERS }, readNext));
    await this.hashes.save();
    return { tree: treeOf(entries), files, sizeBytes };
  }

  /** Sends what the engine lacks; asks it only about blobs this incarnation was never sent. */
  async push(
    snapshot: Snapshot,
    engine: BlobReceiver,
    signal?: AbortSignal
  ): Promise<{ sentBlobs: number; sentBytes: number }> {
    const has = this.sentTo(engine.incarnation);
    const unknown = blobsOf(snapshot).filter(({ digest }) => !has.has(digest));
    const answer = { sentBlobs: 0, sentBytes: 0 };
    const abort = signal ? { signal } : {};
    for (let start = 0; start < unknown.length; start += ASKED_AT_ONCE) {
      const asked = unknown.slice(start, start + ASKED_AT_ONCE);
      const json = { blobs: asked.map(({ digest }) => digest) };
      const reply = await engine.fetch('/v1/blobs/missing', { method: 'POST', json, ...abort });
      const missing = new Set(((await reply.json()) as { missing: string[] }).missing);
      for await (const pack of packs(asked.filter(({ digest }) => missing.has(digest)))) {
        const headers = { 'content-type': BLOB_PACK };
        const { body } = pack;
        await engine.fetch('/v1/blobs', { method: 'POST', body, headers, timeoutMs: SEND_TIMEOUT_MS, ...abort });
        answer.sentBlobs += pack.blobs;
        answer.sentBytes += pack.sizeBytes;
      }
      for (const { digest } of asked) has.add(digest);
    }
    return answer;
  }

  /** The engine says that it lacks blobs it was sent: ask it about everything again. */
  forget(incarnation: string): void {
    this.sent.delete(incarnation);
  }

  private sentTo(incarnation: string): Set<string> {
    const has = this.sent.get(incarnation) ?? new Set<string>();
    this.sent.delete(incarnation);
    this.sent.set(incarnation, has);
    for (const oldest of this.sent.keys()) {
      if (this.sent.size <= INCARNATIONS_KEPT) break;
      this.sent.delete(oldest);
    }
    return has;
  }
}

const blobsOf = ({ tree, files }: Snapshot): Blob[] => {
  const sizes = new Map<string, number>();
  for (const entry of tree.entries) if (entry.type === 'file') sizes.set(entry.blob, entry.size);
  return [...files].map(([digest, path]) => {
    const size = sizes.get(digest);
    if (size === undefined) throw new BottegaError('internal', `The snapshot has no entry for ${path}.`);
    return { digest, path, size };
  });
};
