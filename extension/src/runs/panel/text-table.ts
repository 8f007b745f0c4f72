/** A table that was printed as text, under a line of dashes for each column. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What stands below: totals. */
  readonly foot: readonly string[];
}

/** Reads the table that `torch.profiler` prints; null for other text. */
export const readTextTable = (text: string): TextTable | null => {
  const lines = text.split('\n');
  const rule = lines.find(line => /^-{3,}( +-{3,})+ *$/.test(line));
  if (rule === undefined) return null;
  const columns = [...rule.matchAll(/-+/g)].map(match => ({ from: match.index, to: match.index + match[0].length }));
  const cells = (line: string): string[] => columns.map(({ from, to }) => line.slice(from, to).trim());
  const rules = lines.flatMap((line, at) => (line === rule ? [at] : []));
  const [first = 0, second = first, third = lines.length] = rules;
  const head = cells(lines[second - 1] ?? '');
  const isUsed = head.map((_, at) => lines.slice(second + 1, third).some(line => cells(line)[at] !== ''));
  const used = (row: string[]): string[] => row.filter((_, at) => isUsed[at]);
  return {
    head: used(head),
    rows: lines
      .slice(second + 1, third)
      .filter(line => line.trim())
      .map(line => used(cells(line))),
    foot: lines
      .slice(third + 1)
      .map(line => line.trim())
      .filter(Boolean)
  };
};
