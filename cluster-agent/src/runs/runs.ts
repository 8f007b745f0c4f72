import { basename, isAbsolute } from 'node:path';
import {
  hasEnded,
  type Branch,
  type PreviousStart,
  type RerunRequest,
  type Run,
  type RunConfig,
  type SubmitRequest
} from '@bottega/schema';
import type { Changes } from '../changes/index.js';
import type { Clusters } from '../clusters/index.js';
import type { Engine } from '../engine/index.js';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';
import { begunFrom } from '../retention/index.js';
import type { Sync } from '../sync/index.js';
import { branchOf } from './branch.js';
import { checkChange } from './change.js';
import { currentText, requireConfig } from './resolve-config.js';
import type { RunAttendant } from './run-attendant.js';

const STOP_GRACE_S = 10;
const EVENTS_OF_A_START = 2_000;

export interface RunsOptions {
  ledger: Ledger;
  changes: Changes;
  clusters: Clusters;
  attendant: RunAttendant;
  sync: Sync;
}

/** What people do with runs. Every method throws BottegaError. */
export class Runs {
  constructor(private readonly options: RunsOptions) {}

  get(id: string): Run {
    return this.options.ledger.run(id);
  }

  /** The same request again is the same run, however often and however close together it comes. */
  submit(request: SubmitRequest): Promise<Run> {
    return this.admit(request, JSON.stringify(Object.entries(request).sort()));
  }

  /** Runs the config and the folder of a run as they are now. */
  async rerun(id: string, { id: newId, cluster }: RerunRequest): Promise<Run> {
    const { ledger } = this.options;
    const identity = JSON.stringify({ rerun_of: id, id: newId, cluster });
    const existing = ledger.findRequested(newId, identity);
    if (existing) return existing;
    const run = ledger.run(id);
    const request: SubmitRequest = {
      id: newId,
      config: await currentText(run),
      folder: run.folder,
      cluster: cluster ?? run.cluster,
      name: run.name,
      rerun_of: id,
      ...(run.config_path === null ? {} : { config_path: run.config_path })
    };
    return this.admit(request, identity);
  }

  async stop(id: string): Promise<Run> {
    await this.options.attendant.stop(this.get(id), STOP_GRACE_S);
    return this.get(id);
  }

  async profile(id: string, steps: number): Promise<void> {
    const run = this.get(id);
    if (hasEnded(run.state)) throw new BottegaError('conflict', `The run ${run.name} is over.`);
    await this.engineOf(run).profile(id, steps);
  }

  /** Changes live fields of a run that goes on or waits for seats; its `change` event tells from which step on they hold. */
  async change(id: string, values: Record<string, unknown>): Promise<void> {
    const run = this.get(id);
    await checkChange(run, values, this.options.ledger);
    await this.engineOf(run).change(id, values);
  }

  /** The start of the run before this one, to compare with. */
  previousStart(id: string): PreviousStart {
    const { ledger } = this.options;
    const run = ledger.previousStarted(this.get(id));
    const first = run ? ledger.events(run.id, 1, EVENTS_OF_A_START) : [];
    return { run, phases: first.filter(event => event.type === 'phase') };
  }

  /** Nobody deletes what a person keeps, neither by hand nor in a clean-up. */
  keep(id: string, isKept: boolean): Run {
    const run = this.options.ledger.updateRun(id, { is_kept: isKept });
    this.options.changes.tell({ type: 'run', run });
    return run;
  }

  async delete(id: string): Promise<void> {
    const run = this.get(id);
    if (run.is_kept) {
      throw new BottegaError('conflict', `You keep the run ${run.name}.`, { hint: 'Let go of it first.' });
    }
    if (!hasEnded(run.state)) {
      throw new BottegaError('conflict', `The run ${run.name} is ${run.state}.`, { hint: 'Stop it first.' });
    }
    const active = begunFrom(this.options.ledger.activeRuns()).get(id);
    if (active !== undefined) {
      throw new BottegaError('conflict', `The run ${active} goes on and began from ${run.name}.`, {
        hint: 'Wait until it is over, or stop it.'
      });
    }
    await this.options.attendant.delete(run);
  }

  /** The engine that has the run. Throws cluster_not_ready, and conflict when the run has not arrived there. */
  private engineOf({ name, cluster, last_seq: lastSeq }: Run): Engine {
    const { engine } = this.options.clusters.session(cluster);
    if (lastSeq > 0) return engine;
    throw new BottegaError('conflict', `The run ${name} is still on its way to the cluster ${cluster}.`, {
      hint: 'Try again in a moment.'
    });
  }

  private async admit(request: SubmitRequest, identity: string): Promise<Run> {
    const { ledger, clusters, sync, attendant, changes } = this.options;
    const existing = ledger.findRequested(request.id, identity);
    if (existing) return existing;
    requirePaths(request);
    const config = await requireConfig(request);
    branchOf(config, request, ledger);
    clusters.sessionOrStarting(request.cluster);
    const started = Date.now();
    const snapshot = await sync.scan(request.folder);
    const session = clusters.sessionOrStarting(request.cluster);
    // Meanwhile the same request may have come once more and been faster.
    const faster = ledger.findRequested(request.id, identity);
    if (faster) return faster;
    // Once more: what it begins from may have been deleted meanwhile, and from now on nobody may.
    const branch = branchOf(config, request, ledger);
    const waitsFor = session ? '' : `Waiting for the cluster ${request.cluster} to be ready.`;
    const run = ledger.addRun(newRun(request, config, branch, waitsFor), identity);
    changes.tell({ type: 'run', run });
    // A cluster that gets ready later starts the run with the folder as it is then.
    attendant.send(run, { snapshot, started });
    return run;
  }
}

const requirePaths = ({ folder, config_path }: SubmitRequest): void => {
  if (!isAbsolute(folder)) throw new BottegaError('invalid_request', `${folder} is not an absolute path.`);
  if (config_path !== undefined && isAbsolute(config_path)) {
    throw new BottegaError('invalid_request', `config_path must be relative to the folder, not ${config_path}.`);
  }
};

const newRun = (request: SubmitRequest, config: RunConfig, branch: Branch | null, reason: string): Run => {
  const { id, cluster, folder, config_path = null, rerun_of = null } = request;
  const fileName = config_path === null ? config.kind : basename(config_path).replace(/(\.run)?\.ya?ml$/, '');
  return {
    ...{ id, cluster, folder, config_path, rerun_of, reason },
    name: request.name ?? config.name ?? fileName,
    kind: config.kind,
    config: request.config,
    tree: null,
    created: Date.now(),
    state: 'pending',
    ...{ branch_of: branch, is_kept: false, start: null, queue: null },
    ...{ started: null, ended: null, step: 0, max_steps: null, loss: null, step_seconds: null, last_seq: 0 }
  };
};
