import { BottegaError } from '../errors/index.js';
import { Remote, type RequestOptions } from '../remote/index.js';

/** The first Ray with token auth and the job answers that the engine starter reads. */
const LEAST_RAY = [2, 52];
const UPLOAD_TIMEOUT_MS = 60_000;
/** The first request after a start waits for the head's job agent. */
const FIRST_JOB_TIMEOUT_MS = 60_000;

/** Where the head of a Ray cluster is, and how to ask it. */
export interface Head {
  /** Origin of the Ray Dashboard. */
  dashboard: string;
  token: string | null;
  /** Ray's session name: another one is another head. */
  session: string;
  rayVersion: string;
}

export interface JobState {
  status: 'PENDING' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED' | 'FAILED';
  message: string;
}

/** The Ray Dashboard's REST API: what the agent needs of it. */
export class RayDashboard {
  readonly remote: Remote;

  constructor(
    readonly address: string,
    token: string | null
  ) {
    this.remote = new Remote(address.replace(/\/$/, ''), token, 'The Ray Dashboard');
  }

  /** Who is there. Throws unauthorized, version_mismatch, cluster_unreachable and timeout. */
  async version(signal?: AbortSignal): Promise<{ session: string; rayVersion: string }> {
    const abort = signal ? { signal } : {};
    const body = (await this.json('/api/version', { timeoutMs: 5_000, ...abort })) as Record<string, unknown>;
    const { ray_version: rayVersion, session_name: session } = body;
    if (typeof rayVersion !== 'string' || typeof session !== 'string') {
      throw new BottegaError('cluster_unreachable', `What answers at ${this.address} is not a Ray Dashboard.`);
    }
    if (!isNewEnough(rayVersion)) {
      throw new BottegaError(
        'version_mismatch',
        `The cluster runs Ray ${rayVersion}; Bottega needs Ray ${LEAST_RAY.join('.')} or newer.`,
        { hint: 'Update Ray on the cluster.' }
      );
    }
    return { session, rayVersion };
  }

  async hasPackage(name: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.remote.send(`/api/packages/gcs/${name}`, { signal });
    await answer.body.dump();
    if (answer.statusCode === 404) return false;
    if (answer.statusCode === 200) return true;
    throw refusal('look for the engine', answer.statusCode, '');
  }

  async putPackage(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const timeoutMs = UPLOAD_TIMEOUT_MS;
    await this.text(`/api/packages/gcs/${name}`, { method: 'PUT', body: bytes, timeoutMs, signal });
  }

  async submitJob(json: object, signal: AbortSignal): Promise<void> {
    await this.text('/api/jobs/', { method: 'POST', json, timeoutMs: FIRST_JOB_TIMEOUT_MS, signal });
  }

  /** Null when this Ray does not know the job. */
  async job(id: string, signal?: AbortSignal): Promise<JobState | null> {
    const answer = await this.remote.send(`/api/jobs/${id}`, signal ? { signal } : {});
    const text = await answer.body.text();
    if (answer.statusCode === 404) return null;
    if (answer.statusCode !== 200) throw refusal('tell about the job', answer.statusCode, text);
    return JSON.parse(text) as JobState;
  }

  async jobLog(id: string, signal?: AbortSignal): Promise<string> {
    const body = (await this.json(`/api/jobs/${id}/logs`, signal ? { signal } : {})) as { logs?: string | null };
    return body.logs ?? '';
  }

  async stopJob(id: string): Promise<void> {
    await this.text(`/api/jobs/${id}/stop`, { method: 'POST' });
  }

  dispose(): void {
    this.remote.dispose();
  }

  private async json(path: string, options: RequestOptions): Promise<unknown> {
    const text = await this.text(path, options);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new BottegaError('cluster_unreachable', `What answers at ${this.address} is not a Ray Dashboard.`, {
        cause: error
      });
    }
  }

  private async text(path: string, options: RequestOptions): Promise<string> {
    const answer = await this.remote.send(path, options);
    const text = await answer.body.text();
    if (answer.statusCode === 401 || answer.statusCode === 403) throw this.unauthorized(answer.statusCode);
    if (answer.statusCode >= 300) throw refusal(`answer ${path}`, answer.statusCode, text);
    return text;
  }

  private unauthorized(status: number): BottegaError {
    return status === 401
      ? new BottegaError('unauthorized', `The Ray cluster at ${this.address} wants a token.`, {
          hint: 'Name the file that holds it in token_file.'
        })
      : new BottegaError('unauthorized', `The Ray cluster at ${this.address} does not accept this token.`, {
          hint: 'Check the content of token_file.'
        });
  }
}

const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_RAY;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
};

const refusal = (what: string, status: number, text: string): BottegaError =>
  new BottegaError('cluster_unreachable', `The Ray Dashboard did not ${what} (status ${status}).`, {
    details: text.slice(-4_000)
  });
