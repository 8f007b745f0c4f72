import { BottegaError, systemCode } from '../errors/index.js';
import type { Found, Limits } from './found.js';
import { IGNORE_FILE } from './ignored.js';

const reasons: Record<string, string> = {
  ENOENT: 'it is not there',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'it is not a folder'
};

/** For `.catch`: names the path that could not be read, and why. */
export const unreadable =
  (path: string) =>
  (error: unknown): never => {
    if (error instanceof BottegaError || (error instanceof Error && error.name === 'AbortError')) throw error;
    const reason = reasons[systemCode(error) ?? ''] ?? String(error);
    throw new BottegaError('folder_unreadable', `${path} cannot be read: ${reason}.`, { cause: error });
  };

/** Names the three entries of the folder that weigh most in what is over the limit. */
export const tooLarge = (found: Found, limits: Limits): BottegaError => {
  const isCount = found.files.length > limits.files;
  const weights = new Map<string, number>();
  for (const { path, stats } of found.files) {
    const top = path.split('/')[0] ?? path;
    weights.set(top, (weights.get(top) ?? 0) + (isCount ? 1 : Number(stats.size)));
  }
  const text = (weight: number): string => (isCount ? `${weight} files` : sizeText(weight));
  const heaviest = [...weights].sort((a, b) => b[1] - a[1]).slice(0, 3);
  const named = heaviest.map(([path, weight]) => `${path} (${text(weight)})`).join(', ');
  const what = isCount ? `has more than ${limits.files} files` : `is larger than ${sizeText(limits.sizeBytes)}`;
  return new BottegaError('folder_too_large', `The project folder ${what}. Largest so far: ${named}.`, {
    hint: `Name what a run does not need in ${IGNORE_FILE}, in gitignore syntax.`
  });
};

const sizeText = (bytes: number): string => {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power ? 1 : 0)} ${units[power] ?? 'GiB'}`;
};
