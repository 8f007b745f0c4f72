import type { ConfigKind, Path } from './config-schema.js';
import { locate } from './locate.js';

/** A file or folder that a value names, as far as it is typed: `data/` of `data/tra`. */
export interface FileWanted {
  start: number;
  end: number;
  /** The folder to look in, relative to the project folder; empty or with a slash at its end. */
  folder: string;
  /** Endings that make sense; folders always do. */
  endings: readonly string[];
}

const data = ['.jsonl', '.json', '.parquet'];
const configs = ['.run.yaml', '.run.yml'];

/** Keys whose value is a path in the project folder. */
const endingsOf = (path: Path): readonly string[] | undefined => {
  const name = path.filter(part => typeof part === 'string').join('.');
  if (name === 'data.train' || name === 'data.eval') return data;
  if (name === 'extends') return configs;
  return name === 'model' ? [] : undefined;
};

/** What to list at an offset; null where no path is wanted. */
export const filesWantedAt = (kind: ConfigKind, text: string, offset: number): FileWanted | null => {
  const place = kind === 'run' ? locate(text, offset) : null;
  const endings = place?.position === 'value' ? endingsOf(place.path) : undefined;
  if (!place || !endings) return null;
  const typed = text.slice(place.start, offset);
  // JupyterLab lists what is in its root; paths of the cluster's machine and hub ids are the person's to know.
  if (/^[/~]/.test(typed)) return null;
  return { start: place.start, end: place.end, folder: typed.slice(0, typed.lastIndexOf('/') + 1), endings };
};
