import { createHash } from 'node:crypto';
import type { Tree, TreeEntry } from '@bottega/schema';

/** Entries sorted by the bytes of their paths; the digest is the SHA-256 of their JSON. */
export const treeOf = (entries: TreeEntry[]): Tree => {
  const sorted = [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return { digest: createHash('sha256').update(JSON.stringify(sorted)).digest('hex'), entries: sorted };
};
