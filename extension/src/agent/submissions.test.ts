import { BottegaError, type Client } from '@bottega/client';
import type { Run, SubmitRequest } from '@bottega/schema';
import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.js';
import { runRecord } from './record.fixture.js';
import { Submissions } from './submissions.js';

const request: SubmitRequest = { id: 'run-aaa', config: '', folder: '/p', cluster: 'local' };

const submissionsWith = (submit: () => Promise<Run>): Submissions => {
  const client = { submit } as unknown as Client;
  return new Submissions(client, new Ledger(client));
};

describe('Submissions', () => {
  it('has a run from the moment it is sent until the ledger has it', async () => {
    const submissions = submissionsWith(() => Promise.resolve(runRecord({ id: 'run-aaa' })));
    let isSaved = false;
    const sent = submissions.submit(request, () => {
      isSaved = true;
      return Promise.resolve();
    });
    expect(submissions.get('run-aaa')).toMatchObject({ request });
    await sent;
    expect(isSaved).toBe(true);
    expect(submissions.get('run-aaa')).toBeUndefined();
    expect(submissions.ledger.run('run-aaa')).toBeDefined();
  });

  it('keeps a refused one with its reason until it is dismissed', async () => {
    const error = new BottegaError({ code: 'cluster_not_ready', message: 'Cluster local is not ready.' });
    const submissions = submissionsWith(() => Promise.reject(error));
    await expect(submissions.submit(request)).rejects.toBe(error);
    expect(submissions.get('run-aaa')?.error).toBe(error);
    submissions.dismiss('run-aaa');
    expect(submissions.get('run-aaa')).toBeUndefined();
  });
});
