import type { Cluster } from '@bottega/schema';
import { BottegaError } from './error.js';
import type { RunStream } from './stream.js';

export interface ReadyOptions {
  /** Default: three minutes, which a slow machine with a cold disk needs. */
  timeoutMs?: number;
  /** Hears of every change on the way. */
  onChange?: (cluster: Cluster) => void;
}

/** Follows a cluster until it is ready. Rejects with its reason when it fails or stops, and with `timeout`. */
export const untilReady = (stream: RunStream, name: string, options: ReadyOptions = {}): Promise<Cluster> => {
  const { timeoutMs = 180_000, onChange } = options;
  return new Promise((resolve, reject) => {
    let reason = 'It was never seen.';
    const end = (): void => {
      clearTimeout(timer);
      subscription.dispose();
    };
    const look = (cluster: Cluster): void => {
      if (cluster.name !== name) return;
      reason = cluster.reason;
      onChange?.(cluster);
      if (cluster.state === 'ready') {
        end();
        resolve(cluster);
      } else if (cluster.state === 'failed' || cluster.state === 'stopped') {
        end();
        reject(notReady(cluster));
      }
    };
    const subscription = stream.followLedger(message => {
      if (message.type === 'ledger') message.clusters.forEach(look);
      else if (message.type === 'cluster') look(message.cluster);
    });
    const timer = setTimeout(() => {
      end();
      const message = `The cluster ${name} was not ready within ${timeoutMs / 1000} seconds. ${reason}`;
      reject(new BottegaError({ code: 'timeout', message: message.trimEnd() }));
    }, timeoutMs);
  });
};

const notReady = ({ name, state, reason, error }: Cluster): BottegaError =>
  new BottegaError(
    error ?? { code: 'cluster_start_failed', message: `The cluster ${name} is ${state}. ${reason}`.trimEnd() }
  );
