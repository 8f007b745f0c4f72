import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allLines, LogRows, someLines } from './log-rows.js';

test('every line and every sentence has one row, each sentence below its line', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map(each => each.sort((a, b) => a - b));
  const anchors = fc.array(fc.integer({ min: 0, max: 60 })).map(each => each.sort((a, b) => a - b));
  fc.assert(
    fc.property(numbers, anchors, fc.boolean(), (chosen, places, isAll) => {
      const lines = isAll ? allLines(60) : someLines(chosen);
      const rows = new LogRows(lines, places);
      const expected = [
        ...Array.from({ length: lines.count }, (_, at) => ({
          key: lines.numberAt(at),
          row: { number: lines.numberAt(at) }
        })),
        ...places.map((place, sentence) => ({ key: place + 0.5, row: { sentence } }))
      ].sort((one, other) => one.key - other.key);
      expect(Array.from({ length: rows.count }, (_, row) => rows.at(row))).toEqual(expected.map(each => each.row));
      expected.forEach(({ row }, at) => {
        if ('number' in row) expect(rows.rowOf(row.number)).toBe(at);
      });
    })
  );
});
