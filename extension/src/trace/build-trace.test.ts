import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTrace } from './build-trace.js';
import { families } from './trace.js';
import { rankOf, type TreeNode } from './trace.fixture.js';

const leaf = (name: string, start: number, duration: number, family = 'host'): TreeNode => ({
  name,
  family,
  start,
  duration
});
const step: TreeNode = {
  ...leaf('step', 0, 100),
  children: [
    { ...leaf('linear', 10, 40, 'matmul'), children: [leaf('addmm', 12, 30, 'matmul')] },
    leaf('norm', 60, 20, 'norm')
  ]
};

test('what lies at one depth of a lane is one row, in order of time', () => {
  const trace = buildTrace([rankOf([[step, leaf('step', 120, 50)], [leaf('copy', 5, 5, 'copy')]])]);
  expect(trace.lanes.map(({ thread, firstRow, depth }) => [thread, firstRow, depth])).toEqual([
    ['thread 0', 0, 3],
    ['thread 1', 3, 1]
  ]);
  const titles = trace.rows.map(({ from, to }) =>
    [...trace.slices.name.subarray(from, to)].map(name => trace.names[name]?.title)
  );
  expect(titles).toEqual([['step', 'step'], ['linear', 'norm'], ['addmm'], ['copy']]);
  expect(trace.endUs).toBe(170);
});

test('self time is the duration without the slices right below', () => {
  const trace = buildTrace([rankOf([[step]])]);
  const selfOf = Object.fromEntries(
    [...trace.slices.name].map((name, at) => [trace.names[name]?.title, trace.slices.self[at]])
  );
  expect(selfOf).toEqual({ step: 40, linear: 10, addmm: 30, norm: 20 });
});

test('ranks lie beside each other in time as they did, with one numbering of names', () => {
  const trace = buildTrace([rankOf([[step]], 0, 5000), rankOf([[step, leaf('extra', 200, 1)]], 1, 4990)]);
  expect(trace.lanes.map(lane => lane.rank)).toEqual([0, 1]);
  expect(trace.rows.map(row => trace.slices.start[row.from])).toEqual([10, 20, 22, 0, 10, 12]);
  expect(trace.names.map(name => name.title)).toEqual(['step', 'linear', 'addmm', 'norm', 'extra']);
});

test('a family that this page does not know is other; a title in two families is two operators', () => {
  const trace = buildTrace([rankOf([[leaf('x', 0, 1, 'quantum'), leaf('y', 2, 1, 'copy')]])]);
  expect(trace.names.map(({ title, family }) => [title, families[family]])).toEqual([
    ['x', 'other'],
    ['y', 'copy']
  ]);
});

test('self times of any tree add up to the time of its root', () => {
  const forest = fc.array(fc.nat({ max: 1000 }), { maxLength: 60 });
  fc.assert(
    fc.property(forest, parents => {
      const root = treeOf(parents);
      const { slices } = buildTrace([rankOf([[root]])]);
      expect(slices.self.reduce((total, self) => total + self, 0)).toBeCloseTo(root.duration, 2);
    })
  );
});

/** A tree in which node n hangs below node `parents[n] % (n + 1)`. */
const treeOf = (parents: readonly number[]): TreeNode => {
  const children = parents.map((): number[] => []);
  children.push([]);
  parents.forEach((parent, at) => children[parent % (at + 1)]?.push(at + 1));
  const node = (at: number): TreeNode => pack((children[at] ?? []).map(node));
  return node(0);
};

/** Puts trees behind each other under a new root, each moved to its place. */
const pack = (children: readonly TreeNode[]): TreeNode => {
  let next = 1;
  const moved = children.map(child => {
    const placed = shift(child, next - child.start);
    next += child.duration + 1;
    return placed;
  });
  return { ...leaf('node', 0, next), children: moved };
};
const shift = (node: TreeNode, by: number): TreeNode => ({
  ...node,
  start: node.start + by,
  children: (node.children ?? []).map(child => shift(child, by))
});
