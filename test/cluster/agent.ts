import { findAgent, connect } from '@bottega/client/node';
import { until } from './until.ts';

const STOP_TIMEOUT_MS = 40_000;

/** Stops the clusters of a home and then its agent, where there is one. */
export const endAgent = async (home: string): Promise<void> => {
  const address = await findAgent(home);
  if (!address) return;
  await stopClusters(home);
  process.kill(address.pid, 'SIGTERM');
  await until('the agent to end', () => (isAlive(address.pid) ? undefined : true), STOP_TIMEOUT_MS);
};

const stopClusters = async (home: string): Promise<void> => {
  const client = await connect({ home, start: false });
  try {
    for (const cluster of await client.clusters()) if (cluster.state !== 'stopped') await client.down(cluster.name);
    await until(
      'the clusters to stop',
      async () =>
        (await client.clusters()).every(each => each.state === 'stopped' || each.state === 'failed') || undefined,
      STOP_TIMEOUT_MS
    );
  } finally {
    client.dispose();
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
