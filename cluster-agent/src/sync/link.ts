import { dirname, isAbsolute, join, relative } from 'node:path';
import { BottegaError } from '../errors/index.js';
import { IGNORE_FILE } from './ignored.js';

/**
 * The target of a link as a relative path that stays in the folder, or folder_unreadable.
 *
 * A `..` is only allowed at the front: after a name it would step out of whatever that name is a link to, so
 * `one/link/../x` can leave the folder although it reads as if it stayed. The link itself lies in a real folder
 * (links are never followed), so leading steps up are what they seem, and every link on the way down was checked too.
 */
export const innerTarget = (root: string, path: string, target: string): string => {
  const here = join(root, dirname(path));
  const wanted = isAbsolute(target) ? relative(here, target) || '.' : target;
  const steps = wanted.split('/').filter(step => step !== '' && step !== '.');
  const down = steps.findIndex(step => step !== '..');
  const up = down === -1 ? steps.length : down;
  const depth = path.split('/').length - 1;
  if (up > depth || steps.lastIndexOf('..') >= up) {
    throw new BottegaError(
      'folder_unreadable',
      `${path} is a link to ${target}, which is outside the project folder.`,
      {
        hint: `Copy what it points to into the folder, or name the link in ${IGNORE_FILE}.`
      }
    );
  }
  return wanted;
};
