import type { RecordBatch, Schema } from 'apache-arrow';
import { buildTrace, type RankColumns } from './build-trace.js';
import type { Trace } from './trace.js';

/** The bytes are no trace, or one of another version. */
export class TraceFormatError extends Error {
  override readonly name = 'TraceFormatError';
}

/** A trace from the Arrow streams of its ranks, one after the other (`traceColumns` in schema/src/engine-api.ts). */
export const readTrace = async (bytes: Uint8Array): Promise<Trace> => {
  const { RecordBatchReader } = await import('apache-arrow');
  const ranks: RankColumns[] = [];
  try {
    for (const reader of RecordBatchReader.readAll(bytes)) {
      reader.open();
      for (const batch of reader) ranks.push(columnsOf(batch, reader.schema));
    }
  } catch (error) {
    throw new TraceFormatError('The trace that came is not readable.', { cause: error });
  }
  if (!ranks.length) throw new TraceFormatError('The trace that came is empty.');
  return buildTrace(ranks);
};

const columnsOf = (batch: RecordBatch, schema: Schema): RankColumns => {
  const column = (name: string) => {
    const data = batch.getChild(name)?.data[0];
    if (!data) throw new TraceFormatError(`The trace has no column ${name}.`);
    return data;
  };
  const name = column('name');
  const family = column('family');
  return {
    originUs: Number(schema.metadata.get('start_us')),
    lanes: JSON.parse(schema.metadata.get('lanes') ?? '[]') as RankColumns['lanes'],
    start: column('start_us').values as Float64Array,
    duration: column('duration_us').values as Float32Array,
    name: name.values as ArrayLike<number>,
    names: Array.from(name.dictionary ?? [], String),
    family: family.values as ArrayLike<number>,
    familyNames: Array.from(family.dictionary ?? [], String),
    lane: column('lane').values as ArrayLike<number>,
    depth: column('depth').values as ArrayLike<number>,
    isTruncated: schema.metadata.get('truncated') === 'true'
  };
};
