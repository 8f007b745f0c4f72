import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { BottegaError, systemCode } from '../errors/index.js';
import { IGNORE_FILE, readIgnored } from './ignored.js';

export interface FoundFile {
  path: string;
  stats: BigIntStats;
}

export interface FoundLink {
  path: string;
  target: string;
}

export interface Found {
  files: FoundFile[];
  links: FoundLink[];
  sizeBytes: number;
}

export interface Limits {
  sizeBytes: number;
  files: number;
}

/**
 * Everything in a project folder that is not ignored. Sizes are counted on the way, before any byte is read.
 * Sockets, pipes and devices are left out: they have no content.
 */
export const walk = async (folder: string, limits: Limits, signal?: AbortSignal): Promise<Found> => {
  const root = await realpath(folder).catch(unreadable(folder));
  const ignored = await readIgnored(root);
  const found: Found = { files: [], links: [], sizeBytes: 0 };
  const visit = async (inside: string): Promise<void> => {
    signal?.throwIfAborted();
    const names = await readdir(join(root, inside), { withFileTypes: true }).catch(unreadable(join(root, inside)));
    const folders: string[] = [];
    await Promise.all(
      names.map(async entry => {
        const path = inside ? `${inside}/${entry.name}` : entry.name;
        if (ignored.ignores(entry.isDirectory() ? `${path}/` : path)) return;
        if (entry.isDirectory()) folders.push(path);
        else if (entry.isSymbolicLink()) found.links.push(await readInnerLink(root, path));
        else if (entry.isFile()) {
          const stats = await lstat(join(root, path), { bigint: true }).catch(unreadable(join(root, path)));
          found.files.push({ path, stats });
          found.sizeBytes += Number(stats.size);
        }
      })
    );
    if (found.sizeBytes > limits.sizeBytes || found.files.length > limits.files) throw tooLarge(found, limits);
    for (const path of folders) await visit(path);
  };
  await visit('');
  return found;
};

const readInnerLink = async (root: string, path: string): Promise<FoundLink> => {
  const target = await readlink(join(root, path));
  const points = relative(root, join(root, dirname(path), target));
  if (isAbsolute(target) || points === '..' || points.startsWith(`..${sep}`)) {
    throw new BottegaError(
      'folder_unreadable',
      `${path} is a link to ${target}, which is outside the project folder.`,
      {
        hint: `Copy what it points to into the folder, or name the link in ${IGNORE_FILE}.`
      }
    );
  }
  return { path, target };
};

const unreadable =
  (path: string) =>
  (error: unknown): never => {
    const why = { ENOENT: 'it is not there', EACCES: 'permission denied', ENOTDIR: 'it is not a folder' };
    const code = systemCode(error) ?? '';
    const reason = why[code as keyof typeof why] ?? String(error);
    throw new BottegaError('folder_unreadable', `${path} cannot be read: ${reason}.`, { cause: error });
  };

const tooLarge = (found: Found, limits: Limits): BottegaError => {
  const what =
    found.files.length > limits.files
      ? `has more than ${limits.files} files`
      : `is larger than ${sizeText(limits.sizeBytes)}`;
  const sizes = new Map<string, number>();
  for (const { path, stats } of found.files) {
    const top = path.split('/')[0]!;
    sizes.set(top, (sizes.get(top) ?? 0) + Number(stats.size));
  }
  const largest = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const named = largest.map(([path, size]) => `${path} (${sizeText(size)})`).join(', ');
  return new BottegaError('folder_too_large', `The project folder ${what}. Largest so far: ${named}.`, {
    hint: `Name what a run does not need in ${IGNORE_FILE}, in gitignore syntax.`
  });
};

const sizeText = (bytes: number): string => {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power ? 1 : 0)} ${units[power]!}`;
};
