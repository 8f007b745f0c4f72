import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Found, Limits } from './found.js';
import { readIgnored } from './ignored.js';
import { innerTarget } from './link.js';
import { tooLarge, unreadable } from './refusals.js';

/**
 * Everything in a project folder that is not ignored. Sizes are counted on the way, before any byte is read.
 * Sockets, pipes and devices are left out: they have no content.
 */
export const walk = async (folder: string, limits: Limits, signal?: AbortSignal): Promise<Found> => {
  const root = await realpath(folder).catch(unreadable(folder));
  const ignored = await readIgnored(root);
  const found: Found = { root, files: [], links: [], sizeBytes: 0 };
  const visit = async (inside: string): Promise<void> => {
    signal?.throwIfAborted();
    const names = await readdir(join(root, inside), { withFileTypes: true }).catch(unreadable(inside || folder));
    const folders: string[] = [];
    await Promise.all(
      names.map(async entry => {
        const path = inside ? `${inside}/${entry.name}` : entry.name;
        if (ignored.ignores(entry.isDirectory() ? `${path}/` : path)) return;
        if (entry.isDirectory()) folders.push(path);
        else if (entry.isSymbolicLink()) {
          const target = await readlink(join(root, path)).catch(unreadable(path));
          found.links.push({ path, target: innerTarget(root, path, target) });
        } else if (entry.isFile()) {
          const stats = await lstat(join(root, path), { bigint: true }).catch(unreadable(path));
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
