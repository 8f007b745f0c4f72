import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BottegaError } from '../errors/index.js';

const PACK_BYTES = 8 * 1024 * 1024;
const HEADER_BYTES = 8;

export interface Pack {
  bytes: Uint8Array;
  blobs: number;
}

/**
 * The blobs as packs (`BLOB_PACK` in the schema) of about 8 MiB; a larger blob is a pack of its own.
 * A file that changed since it was hashed ends the push: the run would not be what was scanned.
 */
export async function* packs(digests: string[], files: Map<string, string>): AsyncGenerator<Pack> {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (): Pack => {
    const pack = { bytes: Buffer.concat(parts), blobs: parts.length / 2 };
    parts = [];
    size = 0;
    return pack;
  };
  for (const digest of digests) {
    const path = files.get(digest)!;
    const bytes = await readFile(path);
    if (createHash('sha256').update(bytes).digest('hex') !== digest) {
      throw new BottegaError('folder_unreadable', `${path} changed while the folder was being sent.`, {
        hint: 'Run again when it is no longer being written.'
      });
    }
    if (size && size + HEADER_BYTES + bytes.length > PACK_BYTES) yield take();
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeBigUInt64BE(BigInt(bytes.length));
    parts.push(header, bytes);
    size += HEADER_BYTES + bytes.length;
  }
  if (size) yield take();
}
