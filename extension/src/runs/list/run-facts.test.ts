import { expect, it } from 'vitest';
import { runRecord } from '../../agent/record.fixture.js';
import { filterRuns, runActionsOf } from './run-facts.js';

const runs = [
  runRecord({ id: 'run-aaa', name: 'docstrings-lora', state: 'failed' }),
  runRecord({ id: 'run-bbb', name: 'docstrings-full', cluster: 'team' })
];

it('a filter looks for every word in name, state and cluster', () => {
  const found = (filter: string): string[] => filterRuns(runs, filter).map(run => run.id);
  expect(found('DOC')).toEqual(['run-aaa', 'run-bbb']);
  expect(found('doc failed')).toEqual(['run-aaa']);
  expect(found(' team ')).toEqual(['run-bbb']);
  expect(found('nothing')).toEqual([]);
});

it('a live run can be stopped and an ended one deleted', () => {
  expect(runActionsOf(runs[1]!)).toEqual(['stop', 'rerun', 'config']);
  expect(runActionsOf(runs[0]!)).toEqual(['rerun', 'config', 'delete']);
  expect(runActionsOf(runRecord({ id: 'run-ccc', state: 'done', config_path: null }))).toEqual(['rerun', 'delete']);
});
