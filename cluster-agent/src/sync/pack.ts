import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { BottegaError } from '../errors/index.js';

const PACK_BYTES = 8 * 1024 * 1024;
const HEADER_BYTES = 8;

export interface Blob {
  digest: string;
  size: number;
  /** Absolute path of a file with these bytes. */
  path: string;
}

/** Bytes to send in one request: a pack of small blobs in memory, or a stream of one blob too large for that. */
export interface Pack {
  body: Uint8Array | ReadableStream;
  sizeBytes: number;
  blobs: number;
}

/**
 * The blobs in packs (`BLOB_PACK` in the schema) of up to 8 MiB; a larger blob is streamed alone.
 * A file that changed since it was hashed ends the push: the run would not be what was scanned.
 */
export async function* packs(blobs: Blob[]): AsyncGenerator<Pack> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  const take = (): Pack => {
    const pack = { body: Buffer.concat(parts), sizeBytes, blobs: parts.length / 2 };
    parts = [];
    sizeBytes = 0;
    return pack;
  };
  for (const blob of blobs) {
    const added = HEADER_BYTES + blob.size;
    if (sizeBytes && sizeBytes + added > PACK_BYTES) yield take();
    if (added > PACK_BYTES) {
      yield { body: ReadableStream.from(streamed(blob)), sizeBytes: added, blobs: 1 };
      continue;
    }
    const bytes = await readFile(blob.path);
    if (createHash('sha256').update(bytes).digest('hex') !== blob.digest) throw changed(blob);
    parts.push(header(blob.size), bytes);
    sizeBytes += added;
  }
  if (sizeBytes) yield take();
}

async function* streamed(blob: Blob): AsyncGenerator<Uint8Array> {
  yield header(blob.size);
  const hash = createHash('sha256');
  // The end is given because a file that grows must not run over into the next header.
  const chunks = createReadStream(blob.path, { highWaterMark: 1 << 20, end: blob.size - 1 }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== blob.digest) throw changed(blob);
}

const header = (size: number): Buffer => {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeBigUInt64BE(BigInt(size));
  return bytes;
};

const changed = ({ path }: Blob): BottegaError =>
  new BottegaError('folder_unreadable', `${path} changed while the folder was being sent.`, {
    hint: 'Run again when it is no longer being written.'
  });
