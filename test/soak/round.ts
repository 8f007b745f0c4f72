import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, type Run } from '@bottega/schema';
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

/**
 * Submits runs, kills the victim at a random moment, submits the same runs again as a person does who got no answer,
 * and waits until everything is in order again. What is wrong then; nothing when all is well.
 */
export const playRound = async (workplace: Workplace, victim: Victim, random: Random): Promise<string[]> => {
  const ids = CONFIGS.map(() => newRunId());
  const submitAll = (): Promise<unknown> =>
    Promise.all(ids.map((id, number) => submitSurely(workplace, id, CONFIGS[number] ?? '')));
  const submitting = submitAll();
  await delay(random.next() * LONGEST_WAIT_MS);
  await kill(victim, workplace.home, random.below);
  if (victim === 'agent') await workplace.startAgent();
  await submitting;
  if (victim === 'head') await comeBack(workplace);
  await submitAll();
  await until('the cluster to be in order', () => isReady(workplace), SETTLE_MS);
  const runs = await until('every run to end', () => allEnded(workplace, ids), SETTLE_MS);
  const { runs: listed } = await workplace.client.runs({ limit: 50 });
  const faults = ids.flatMap(id => {
    const count = listed.filter(run => run.id === id).length;
    return count === 1 ? [] : [`${id} is ${count} times in the list`];
  });
  for (const run of runs) faults.push(...(await faultsOf(workplace, run, victim)));
  return faults;
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

/** A head that died is a failed cluster, which a person starts again. */
const comeBack = async (workplace: Workplace): Promise<void> => {
  const isOver = async (): Promise<true | undefined> =>
    (await workplace.client.clusters())[0]?.state === 'failed' ? true : undefined;
  await until('the cluster to be called failed', isOver, SETTLE_MS);
  await workplace.up(SPEC);
};

const allEnded = async ({ client }: Workplace, ids: string[]): Promise<Run[] | undefined> => {
  const runs = await Promise.all(ids.map(id => client.run(id)));
  return runs.every(run => hasEnded(run.state)) ? runs : undefined;
};
