import { expect, test } from 'vitest';
import { readTextTable } from './text-table.js';

const printed = [
  '-----------  ----------  ----------  ',
  '       Name    Self CPU  # of Calls  ',
  '-----------  ----------  ----------  ',
  '   aten::mm   244.613ms         190  ',
  'aten::copy_    36.051ms        1625  ',
  '-----------  ----------  ----------  ',
  'Self CPU time total: 636.902ms',
  ''
].join('\n');

test('what torch.profiler prints becomes a table', () => {
  expect(readTextTable(printed)).toEqual({
    head: ['Name', 'Self CPU', '# of Calls'],
    rows: [
      ['aten::mm', '244.613ms', '190'],
      ['aten::copy_', '36.051ms', '1625']
    ],
    foot: ['Self CPU time total: 636.902ms']
  });
});

test('other text is left as it is', () => {
  expect(readTextTable('epoch 1\n-----\nfine')).toBeNull();
});
