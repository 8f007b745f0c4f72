import type { NodeResources } from '@bottega/schema';
import { BottegaError } from '../errors/index.js';
import type { Engine, EngineStarter } from '../engine/index.js';
import { EngineLink } from '../mirror/index.js';
import { RayDashboard, type Head } from '../ray/index.js';
import type { EngineSession, RunKeeper } from './run-keeper.js';

const ZYGOTE_TIMEOUT_MS = 180_000;
const RESTARTS = 3;
const RESTARTS_WITHIN_MS = 10 * 60_000;

export interface EngineSeatOptions {
  cluster: string;
  folder: string;
  starter: EngineStarter;
  keeper: RunKeeper;
  environment: () => Record<string, string>;
}

/** The place of the engine on one cluster: finds it there, starts it, connects to it, ends it. */
export class EngineSeat {
  private starts: number[] = [];
  private onNodes: (nodes: NodeResources[]) => void = () => undefined;

  constructor(private readonly options: EngineSeatOptions) {}

  find(head: Head, signal: AbortSignal): Promise<Engine | null> {
    return this.asking(head, dashboard => this.options.starter.find(this.startOf(head, dashboard, signal)));
  }

  /** Throws engine_failed when it has died too often in a short time. */
  start(head: Head, signal: AbortSignal): Promise<Engine> {
    return this.asking(head, async dashboard => {
      const now = Date.now();
      this.starts = [...this.starts.filter(time => now - time < RESTARTS_WITHIN_MS), now];
      if (this.starts.length > RESTARTS) {
        throw new BottegaError('engine_failed', `The engine died ${RESTARTS} times within ten minutes.`, {
          hint: 'The end of its log is in the details.',
          details: await this.options.starter.log({ folder: this.options.folder, dashboard })
        });
      }
      return this.options.starter.start(this.startOf(head, dashboard, signal));
    });
  }

  /** Null when the engine does not take the connection: then it has to be looked at again. */
  async connect(
    engine: Engine,
    onNodes: (nodes: NodeResources[]) => void,
    signal: AbortSignal
  ): Promise<EngineLink | null> {
    const { cluster, keeper } = this.options;
    signal.throwIfAborted();
    return EngineLink.open(engine.openStream(), {
      onEvents: (run, events) => keeper.onEvents(cluster, run, events),
      onRunError: (run, error) => keeper.onRunError(cluster, run, error),
      onNodes: nodes => {
        onNodes(nodes);
        this.onNodes(nodes);
      }
    });
  }

  /** Waits for the first node that has its libraries imported. */
  async zygoteReady(session: EngineSession, nodes: () => NodeResources[], signal: AbortSignal): Promise<void> {
    const outcome = Promise.withResolvers<'ready' | 'failed' | 'late'>();
    this.onNodes = () => {
      if (nodes().some(node => node.zygote === 'ready')) outcome.resolve('ready');
      else if (nodes().length && nodes().every(node => node.zygote === 'failed')) outcome.resolve('failed');
    };
    this.onNodes(nodes());
    const timer = setTimeout(() => outcome.resolve('late'), ZYGOTE_TIMEOUT_MS);
    try {
      const what = await Promise.race([outcome.promise, session.link.untilClosed(signal)]);
      if (what === 'failed') {
        throw new BottegaError('engine_failed', 'The Python libraries of the engine could not be imported.', {
          hint: 'Check that torch, transformers and peft import in the Python of the cluster.'
        });
      }
      if (what === 'late') {
        throw new BottegaError('timeout', `No node was ready within ${ZYGOTE_TIMEOUT_MS / 1000} seconds.`);
      }
    } finally {
      clearTimeout(timer);
      this.onNodes = () => undefined;
    }
  }

  stop(head: Head): Promise<void> {
    const { folder, starter } = this.options;
    return this.asking(head, dashboard => starter.stop({ folder, head, dashboard }));
  }

  private startOf(head: Head, dashboard: RayDashboard, signal: AbortSignal) {
    const { cluster, folder, environment } = this.options;
    return { cluster, folder, head, dashboard, environment: environment(), signal };
  }

  private async asking<T>(head: Head, work: (dashboard: RayDashboard) => Promise<T>): Promise<T> {
    const dashboard = new RayDashboard(head.dashboard, head.token);
    try {
      return await work(dashboard);
    } finally {
      dashboard.dispose();
    }
  }
}
