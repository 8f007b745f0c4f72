// Bringing clusters up and everything down again, with what a person wants to see of it.
import { setTimeout as delay } from 'node:timers/promises';
import { BottegaError, connect } from '@bottega/client/node';

/** The agent gives up on a phase long before; this is for an agent that says nothing any more. */
const START_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 60_000;

export const seconds = ms => `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;

/** An error as a person reads it: what happened, what to do, and the technical rest. */
export const sentenceOf = error =>
  error instanceof BottegaError
    ? [error.message, error.hint, error.details].filter(Boolean).join('\n')
    : String(error?.message ?? error);

/** Starts the cluster of a spec and prints every phase of it when it is over. Answers the cluster, ready. */
export const bringUp = async (client, spec) => {
  const { name, state } = await client.up(spec);
  if (state !== 'ready') console.log(`Cluster ${name} is starting:`);
  const shown = new Set();
  return client.whenReady(name, {
    timeoutMs: START_TIMEOUT_MS,
    onChange: cluster => {
      if (state === 'ready') return;
      for (const phase of cluster.phases) {
        const id = `${phase.name} ${phase.started}`;
        if (phase.duration_ms === undefined || shown.has(id)) continue;
        shown.add(id);
        console.log(`  ${phase.name.padEnd(10)} ${seconds(phase.duration_ms)}`);
      }
    }
  });
};

/** Stops every cluster of the agent and then the agent. Answers the names of the clusters that it stopped. */
export const bringDown = async home => {
  // Connecting starts an agent where none is: it finds the clusters that an earlier one left.
  const client = await connect({ home });
  try {
    const { pid } = await client.info();
    const isUp = cluster => cluster.state !== 'stopped' && cluster.state !== 'failed';
    const names = (await client.clusters()).filter(isUp).map(cluster => cluster.name);
    for (const name of names) await client.down(name);
    await until(`the clusters to stop`, async () => !(await client.clusters()).some(isUp));
    process.kill(pid, 'SIGTERM');
    await until('the agent to end', () => !isAlive(pid));
    return names;
  } finally {
    client.dispose();
  }
};

export const until = async (what, isTrue, timeoutMs = STOP_TIMEOUT_MS) => {
  const deadline = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Waited ${seconds(timeoutMs)} for ${what}.`);
    await delay(50);
  }
};

export const isAlive = pid => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
