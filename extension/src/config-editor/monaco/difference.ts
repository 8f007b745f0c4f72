/** The one stretch in which two texts differ: `text` replaces `start` to `end` of the first. */
export interface Difference {
  start: number;
  end: number;
  text: string;
}

/** Null when the texts are equal. */
export const difference = (before: string, after: string): Difference | null => {
  if (before === after) return null;
  const limit = Math.min(before.length, after.length);
  let start = 0;
  while (start < limit && before[start] === after[start]) start += 1;
  if (isHighHalf(before[start - 1])) start -= 1;
  let same = 0;
  while (same < limit - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  if (isLowHalf(before[before.length - same])) same -= 1;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
};

/** Characters beyond 16 bits are two units, which Monaco does not let an edit come between. */
const isHighHalf = (unit: string | undefined): boolean => unit !== undefined && /[\ud800-\udbff]/.test(unit);
const isLowHalf = (unit: string | undefined): boolean => unit !== undefined && /[\udc00-\udfff]/.test(unit);
