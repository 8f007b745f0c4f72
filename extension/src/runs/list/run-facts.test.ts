import { expect, it } from 'vitest';
import { runRecord } from '../../agent/record.fixture.js';
import { runActionsOf } from './run-facts.js';

it('a live run can be stopped and an ended one deleted', () => {
  expect(runActionsOf(runRecord({ id: 'run-bbb', step: 1 }))).toEqual(['stop', 'rerun', 'branch', 'config', 'keep']);
  const ended = runRecord({ id: 'run-aaa', state: 'failed', step: 3 });
  expect(runActionsOf(ended)).toEqual(['rerun', 'branch', 'config', 'keep', 'delete']);
});

it('a script has no checkpoints to branch from, and a cell no config file to open', () => {
  const script = runRecord({ id: 'run-ccc', state: 'done', kind: 'script', step: 9, config_path: null });
  expect(runActionsOf(script)).toEqual(['rerun', 'keep', 'delete']);
});

it('a kept run is let go before it can be deleted, and a branch leads to its origin', () => {
  const branch = runRecord({
    id: 'run-ddd',
    step: 40,
    state: 'done',
    is_kept: true,
    branch_of: { run: 'run-aaa', step: 20 }
  });
  expect(runActionsOf(branch)).toEqual(['rerun', 'branch', 'config', 'origin', 'let-go']);
});
