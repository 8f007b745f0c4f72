import { resolve } from 'node:path';
import { Client } from '../client.js';
import { FollowedRun } from '../followed-run.js';
import { newRunId } from '../run-id.js';
import { show, type Displayer } from './display.js';
import type { UnixTransport } from './unix-transport.js';
import type { Cluster, Run } from '@bottega/schema';
import { BottegaError } from '../error.js';

export interface RunRequest {
  /** A run config: YAML, or the same as an object. */
  config: string | object;
  /** The project folder. Default: the working folder. */
  folder?: string;
  /** Default: the only cluster that is ready. */
  cluster?: string;
  name?: string;
  /** Where the config lies, relative to the folder, when it is a file. */
  configPath?: string;
}

/** The client of a notebook or a script on the machine of the agent. */
export class LocalClient extends Client {
  constructor(
    transport: UnixTransport,
    readonly display?: Displayer
  ) {
    super(transport);
  }

  override run(id: string): Promise<Run>;
  override run(request: RunRequest): Promise<FollowedRun>;
  /** Looks a run up by its id, or submits a new one and shows it. */
  override run(what: string | RunRequest): Promise<Run | FollowedRun> {
    return typeof what === 'string' ? super.run(what) : this.#submit(what);
  }

  override dispose(): void {
    super.dispose();
    (this.transport as UnixTransport).dispose();
  }

  async #submit(request: RunRequest): Promise<FollowedRun> {
    const { config, folder = '.', name, configPath } = request;
    const record = await this.submit({
      id: newRunId(),
      // JSON is YAML.
      config: typeof config === 'string' ? config : JSON.stringify(config, null, 2),
      folder: resolve(folder),
      cluster: request.cluster ?? onlyReady(await this.clusters()),
      ...(name === undefined ? {} : { name }),
      ...(configPath === undefined ? {} : { config_path: configPath })
    });
    if (this.display) show(this.display, record);
    return new FollowedRun(this, record);
  }
}

const onlyReady = (clusters: Cluster[]): string => {
  const ready = clusters.filter(cluster => cluster.state === 'ready');
  if (ready.length === 1 && ready[0]) return ready[0].name;
  throw new BottegaError({
    code: 'cluster_not_ready',
    message: ready.length ? 'More than one cluster is ready.' : 'No cluster is ready.',
    hint: ready.length
      ? `Name one with cluster: ${ready.map(each => each.name).join(' or ')}.`
      : "Start one with up('provider: local\\nname: local') and wait until it is ready."
  });
};
