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
  let same = 0;
  while (same < limit - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
};
