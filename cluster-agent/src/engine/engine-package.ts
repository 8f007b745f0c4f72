import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { zipSync, type Zippable } from 'fflate';

/** The same files always make the same zip, so that a cluster that has it already is not sent it again. */
const ZIP_EPOCH = new Date('1980-01-01T00:00:00');
const LEFT_OUT = new Set(['__pycache__', 'tests', '.pytest_cache', '.mypy_cache', '.ruff_cache']);

export interface EnginePackage {
  /** Named by content; Ray's own prefix makes it a `gcs://` package. */
  name: string;
  bytes: Uint8Array;
}

/** The engine as one zip of pure Python packages, each from its folder, without tests and caches. */
export const packEngine = (folders: string[]): EnginePackage => {
  const files: Zippable = {};
  for (const folder of folders) add(files, folder, basename(folder));
  const bytes = zipSync(files, { mtime: ZIP_EPOCH, level: 6 });
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { name: `_ray_pkg_${digest.slice(0, 32)}.zip`, bytes };
};

const add = (files: Zippable, folder: string, inside: string): void => {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (LEFT_OUT.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) add(files, path, `${inside}/${entry.name}`);
    else if (entry.isFile()) files[`${inside}/${entry.name}`] = readFileSync(path);
  }
};
