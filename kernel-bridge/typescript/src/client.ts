import type {
  AgentInfo,
  CleanupAnswer,
  CleanupRequest,
  Cluster,
  EventPage,
  LinePage,
  PreviousStart,
  Run,
  RunPage,
  RunQuery,
  SearchPage,
  SearchQuery,
  Storage,
  SubmitRequest,
  ValidateAnswer,
  ValidateRequest
} from '@bottega/schema';
import { AGENT_ANSWER_S } from '@bottega/schema/timeouts';
import { API_VERSION } from '@bottega/schema/version';
import { BottegaError, errorOf } from './error.js';
import { untilReady, type ReadyOptions } from './ready-cluster.js';
import { RunStream } from './stream.js';
import type { Transport } from './transport.js';

type Within = keyof typeof AGENT_ANSWER_S;

/** What to look for in the output of a run; the rest has the defaults of the schema. */
export type SearchFor = Partial<SearchQuery>;
/** A dry run says what would go. The rules have the defaults of the schema. */
export type CleanupRules = Pick<CleanupRequest, 'dry_run'> & Partial<CleanupRequest>;

/** The agent's API, one method for each route. Every method rejects with `BottegaError`. */
export class Client {
  readonly #stream: RunStream;

  constructor(readonly transport: Transport) {
    this.#stream = new RunStream(transport);
  }

  /** The one live connection of this client; it opens with its first subscriber and closes after the last. */
  stream(): RunStream {
    return this.#stream;
  }

  /** Who answers. Rejects with `version_mismatch` when it speaks another version of the API. */
  async info(): Promise<AgentInfo> {
    const info = await this.#json<AgentInfo>('GET', '/v1/info');
    if (info.api_version !== API_VERSION) throw versionMismatch(info);
    return info;
  }

  clusters(): Promise<Cluster[]> {
    return this.#json('GET', '/v1/clusters');
  }

  /** Starts the cluster of a spec in YAML; answers at once, mostly in state `starting`. */
  up(spec: string): Promise<Cluster> {
    return this.#json('POST', '/v1/clusters', { spec });
  }

  /** Waits for a cluster to be ready; rejects with its reason when it fails, or with `timeout`. */
  whenReady(name: string, options?: ReadyOptions): Promise<Cluster> {
    return untilReady(this.#stream, name, options);
  }

  down(name: string): Promise<Cluster> {
    return this.#json('POST', `/v1/clusters/${encodeURIComponent(name)}/stop`);
  }

  /** Takes a stopped cluster off the list. */
  async forget(name: string): Promise<void> {
    await this.#request('DELETE', `/v1/clusters/${encodeURIComponent(name)}`);
  }

  validate(request: ValidateRequest): Promise<ValidateAnswer> {
    return this.#json('POST', '/v1/validate', request);
  }

  /** Submitting the same id again is the same run. */
  submit(request: SubmitRequest): Promise<Run> {
    return this.#json('POST', '/v1/runs', request);
  }

  runs(query: Partial<RunQuery> = {}): Promise<RunPage> {
    return this.#json('GET', `/v1/runs${queryOf(query)}`);
  }

  run(id: string): Promise<Run> {
    return this.#json('GET', runPath(id));
  }

  stop(id: string): Promise<Run> {
    return this.#json('POST', `${runPath(id)}/stop`);
  }

  /** Runs the config and folder of a run again, as they are now, under a new id. */
  rerun(id: string, request: { id: string; cluster?: string }): Promise<Run> {
    return this.#json('POST', `${runPath(id)}/rerun`, request);
  }

  /** Records the next steps of a live run with the profiler. */
  async profile(id: string, steps = 5): Promise<void> {
    await this.#request('POST', `${runPath(id)}/profile`, { steps });
  }

  /**
   * Changes live fields of a run that goes on or waits for seats, by dotted key (`liveFields` of the schema); null takes
   * one away. The `change` event tells from which step on it holds.
   */
  async change(id: string, values: Record<string, unknown>): Promise<void> {
    await this.#request('PATCH', `${runPath(id)}/config`, { values });
  }

  /** Whether no clean-up may take a run. */
  keep(id: string, isKept: boolean): Promise<Run> {
    return this.#json('POST', `${runPath(id)}/keep`, { is_kept: isKept });
  }

  /** The start of the run before this one, to compare with. */
  previousStart(id: string): Promise<PreviousStart> {
    return this.#json('GET', `${runPath(id)}/previous`);
  }

  async deleteRun(id: string): Promise<void> {
    await this.#request('DELETE', runPath(id));
  }

  /** A page of the event log, from a number on. */
  events(id: string, from = 1, limit?: number): Promise<EventPage> {
    return this.#json('GET', `${runPath(id)}/events${queryOf({ from, limit })}`);
  }

  /** Lines of the output by number, see `LogLine`. */
  lines(id: string, from: number, limit?: number, init?: RequestInit): Promise<LinePage> {
    return this.#json('GET', `${runPath(id)}/lines${queryOf({ from, limit })}`, undefined, init);
  }

  /** Matching lines; `next` of the answer says where to go on. Rejects with `timeout` when the expression takes too long. */
  search(id: string, query: SearchFor, init?: RequestInit): Promise<SearchPage> {
    return this.#json('GET', `${runPath(id)}/search${queryOf(query)}`, undefined, init);
  }

  /** A file of the run's output folder, as a stream. */
  file(id: string, path: string, init?: RequestInit): Promise<Response> {
    return this.#request('GET', `${runPath(id)}/files/${encodePath(path)}`, undefined, init, 'files');
  }

  /** A trace as an Arrow IPC stream, see `traceColumns` in the schema. */
  trace(id: string, name: string, init?: RequestInit): Promise<Response> {
    return this.#request('GET', `${runPath(id)}/traces/${encodeURIComponent(name)}`, undefined, init, 'files');
  }

  /** What takes space, here and on the clusters. */
  storage(): Promise<Storage> {
    return this.#json('GET', '/v1/storage', undefined, {}, 'storage');
  }

  /** Removes old runs and unused caches, or only says which. */
  cleanup(rules: CleanupRules): Promise<CleanupAnswer> {
    return this.#json('POST', '/v1/cleanup', rules, {}, 'storage');
  }

  dashboardUrl(cluster: string): string {
    return this.transport.url(`/v1/clusters/${encodeURIComponent(cluster)}/dashboard/`);
  }

  /** Closes the live connection; subscribers hear nothing more. */
  dispose(): void {
    this.#stream.dispose();
  }

  async #json<T>(method: string, path: string, body?: unknown, init?: RequestInit, within?: Within): Promise<T> {
    const response = await this.#request(method, path, body, init, within);
    return (await response.json()) as T;
  }

  async #request(
    method: string,
    path: string,
    body?: unknown,
    init: RequestInit = {},
    within: Within = 'usual'
  ): Promise<Response> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), AGENT_ANSWER_S[within] * 1_000);
    const signal = init.signal ? AbortSignal.any([init.signal, deadline.signal]) : deadline.signal;
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    try {
      const response = await this.transport.fetch(path, { ...init, ...json, method, signal });
      if (!response.ok) throw await errorOf(response);
      return response;
    } catch (error) {
      if (error instanceof BottegaError || init.signal?.aborted) throw error;
      throw deadline.signal.aborted ? timedOut(`${method} ${path}`, within, error) : unreachable(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

const runPath = (id: string): string => `/v1/runs/${encodeURIComponent(id)}`;
const queryOf = (query: object): string => {
  const entries = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  const text = new URLSearchParams(entries).toString();
  return text && `?${text}`;
};
const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const versionMismatch = (info: AgentInfo): BottegaError =>
  new BottegaError({
    code: 'version_mismatch',
    message: `The running agent (${info.version}) speaks version ${info.api_version} of its API and this client version ${API_VERSION}.`,
    hint: `Stop the agent (process ${info.pid}) and connect again; clusters and runs go on meanwhile.`
  });

const timedOut = (request: string, within: Within, cause: unknown): BottegaError =>
  new BottegaError(
    { code: 'timeout', message: `The agent did not answer ${request} within ${AGENT_ANSWER_S[within]} seconds.` },
    { cause }
  );

const unreachable = (cause: unknown): BottegaError =>
  new BottegaError(
    {
      code: 'agent_unreachable',
      message: 'The agent does not answer.',
      hint: 'It is started again by itself; try once more in a moment.',
      details: String(cause)
    },
    { cause }
  );
