import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, type Cluster, type Run } from '@bottega/schema';
import { newRunId } from '@bottega/client/node';
import { until } from '../cluster/until.ts';
import type { Workplace } from '../cluster/workplace.ts';
import { faultsOf, script } from './evidence.ts';
import type { Random } from './random.ts';
import { kill, type Victim } from './victims.ts';

const SPEC = 'provider: local\nname: soak\ncpus: 4\n';
const CONFIGS = ['evidence.run.yaml', 'tiny.run.yaml', 'evidence.run.yaml'];
const LONGEST_WAIT_MS = 1_500;
const SETTLE_MS = 120_000;

/** The script that leaves evidence, and a cluster. */
export const prepare = async (workplace: Workplace): Promise<void> => {
  await workplace.write('evidence.py', script(join(workplace.scratch, 'evidence')));
  await workplace.write('evidence.run.yaml', 'kind: script\ncommand: evidence.py\n');
  await workplace.up(SPEC);
};

interface Round {
  /** What is wrong; nothing when all is well. */
  faults: string[];
  /** False for a base model that is not kept, since one was ended a moment ago while it loaded. */
  hasKilled: boolean;
}

/**
 * Submits runs, kills the victim at a random moment, submits the same runs again as a person does who got no answer,
 * and waits until everything is in order again.
 */
export const playRound = async (workplace: Workplace, victim: Victim, random: Random): Promise<Round> => {
  const ids = CONFIGS.map(() => newRunId());
  const submitAll = (): Promise<unknown> =>
    Promise.all(ids.map((id, number) => submitSurely(workplace, id, CONFIGS[number] ?? '')));
  const submitting = submitAll();
  await delay(random.next() * LONGEST_WAIT_MS);
  const killed = Date.now();
  const hasKilled = await kill(victim, workplace.home, random.below);
  if (victim === 'agent') await workplace.startAgent();
  await Promise.all([submitting, hasKilled && comeBack(workplace, victim, killed)]);
  await submitAll();
  await until('the cluster to be in order', () => isReady(workplace), SETTLE_MS);
  const runs = await until('every run to end', () => allEnded(workplace, ids), SETTLE_MS);
  const { runs: listed } = await workplace.client.runs({ limit: 50 });
  const faults = ids.flatMap(id => {
    const count = listed.filter(run => run.id === id).length;
    return count === 1 ? [] : [`${id} is ${count} times in the list`];
  });
  if (!hasKilled && victim !== 'base') faults.push(`there was no ${victim} to kill`);
  for (const run of runs) faults.push(...(await faultsOf(workplace, run, victim)));
  return { faults, hasKilled };
};

/** Submits until there is an answer. The same id again and again is one run. */
const submitSurely = (workplace: Workplace, id: string, file: string): Promise<true> =>
  until(
    `the run ${id} to be taken`,
    () =>
      workplace.submit(id, file, 'soak').then(
        () => true as const,
        () => undefined
      ),
    SETTLE_MS
  );

const isReady = async ({ client }: Workplace): Promise<true | undefined> => {
  const clusters = await client.clusters();
  return clusters[0]?.state === 'ready' && clusters[0].nodes.some(node => node.zygote === 'ready') ? true : undefined;
};

/** A person starts a cluster again that has failed: without its head, or with an engine that died too often in a while. */
const comeBack = async (workplace: Workplace, victim: Victim, killed: number): Promise<void> => {
  if (victim !== 'head' && victim !== 'engine') return;
  const outcome = async (): Promise<Cluster | undefined> => {
    const [cluster] = await workplace.client.clusters();
    const wentOn = victim === 'engine' && cluster?.state === 'ready' && cluster.since > killed;
    return wentOn || cluster?.state === 'failed' ? cluster : undefined;
  };
  const { state, reason } = await until('the cluster to go on or to be called failed', outcome, SETTLE_MS);
  if (state === 'ready') return;
  if (victim === 'engine' && !reason.startsWith('The engine died')) throw new Error(reason);
  await workplace.up(SPEC);
};

const allEnded = async ({ client }: Workplace, ids: string[]): Promise<Run[] | undefined> => {
  const runs = await Promise.all(ids.map(id => client.run(id)));
  return runs.every(run => hasEnded(run.state)) ? runs : undefined;
};
