import { BottegaError } from '@bottega/client';
import { API_VERSION } from '@bottega/schema/version';
import { expect, it } from 'vitest';
import { clusterRecord } from '../agent/record.fixture.js';
import { runObstacle, startObstacle, type Situation } from './obstacle.js';
import { trans } from '../state/translation.fixture.js';

const ready: Situation = {
  agent: {
    kind: 'ready',
    since: 0,
    info: { server_version: '0.1.0', api_version: API_VERSION, root: '/', agent: null }
  },
  cluster: clusterRecord({ name: 'local' }),
  problems: [],
  isSending: false
};
const run = (change: Partial<Situation>): string | undefined => runObstacle(trans, { ...ready, ...change });

it('Run waits for nothing when all is well', () => {
  expect(run({})).toBeUndefined();
});

it('Run says what it waits for', () => {
  const error = new BottegaError({ code: 'agent_unreachable', message: 'The agent does not answer.' });
  const starting = clusterRecord({ name: 'local', state: 'starting', reason: 'Waiting for the Ray Dashboard.' });
  expect(run({ isSending: true })).toBe('The run is on its way.');
  expect(run({ problems: [{ path: '', message: 'x' }] })).toBe('The config has 1 problem.');
  expect(run({ agent: { kind: 'failed', since: 0, error, isRetrying: false } })).toBe('The agent does not answer.');
  expect(run({ cluster: undefined })).toBe('No cluster is up.');
  expect(run({ cluster: starting })).toBe('Cluster local is starting. Waiting for the Ray Dashboard.');
  expect(run({ cluster: clusterRecord({ name: 'local', state: 'stopped' }) })).toBe(
    'Cluster local is stopped. Start it first.'
  );
});

it('a cluster that is up already is not started again', () => {
  expect(startObstacle(trans, ready)).toBe('Cluster local is ready.');
  expect(startObstacle(trans, { ...ready, cluster: undefined })).toBeUndefined();
});
