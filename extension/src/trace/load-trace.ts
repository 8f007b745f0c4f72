import type { Client } from '@bottega/client';
import { readTrace } from './read-trace.js';
import type { Trace } from './trace.js';

export interface LoadProgress {
  /** Null until the cluster has made the columns and sends them. */
  readonly receivedBytes: number | null;
  readonly totalBytes: number | null;
}

/** Fetches and reads a trace. Rejects with `BottegaError`, `TraceFormatError`, or when the signal aborts. */
export const loadTrace = async (
  client: Pick<Client, 'trace'>,
  run: string,
  name: string,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal
): Promise<Trace> => {
  onProgress({ receivedBytes: null, totalBytes: null });
  const response = await client.trace(run, name, { signal });
  return readTrace(await bytesOf(response, onProgress));
};

const bytesOf = async (response: Response, onProgress: (progress: LoadProgress) => void): Promise<Uint8Array> => {
  const length = response.headers.get('Content-Encoding') ? null : Number(response.headers.get('Content-Length'));
  const totalBytes = length || null;
  const chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    chunks.push(part.value);
    receivedBytes += part.value.length;
    onProgress({ receivedBytes, totalBytes });
  }
  const bytes = new Uint8Array(receivedBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
};
