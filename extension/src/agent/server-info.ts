import { BottegaError } from '@bottega/client';
import type { AgentInfo, ErrorBody } from '@bottega/schema';
import { API_VERSION } from '@bottega/schema/version';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { VERSION } from './version.js';

const TIMEOUT_MS = 15_000;

/** What the server half says about itself and the agent behind it. */
export interface ServerInfo {
  server_version: string;
  api_version: number;
  /** The folder that JupyterLab's file browser shows, as an absolute path; null when contents are not files. */
  root: string | null;
  agent: AgentInfo | null;
  error?: ErrorBody;
}

/** Asks the server half. Rejects with a `BottegaError` that says which part is missing or too old. */
export const askServer = async (settings: ServerConnection.ISettings): Promise<ServerInfo> => {
  const response = await request(settings);
  if (response.status === 401 || response.status === 403) {
    throw problem('unauthorized', 'The Jupyter server refused the request.', 'Log in again and reload the page.');
  }
  if (response.status === 404) {
    throw problem(
      'not_found',
      'The Jupyter server does not know Bottega.',
      'Install the Python package bottega-lab where the server runs, or enable it with: jupyter server extension enable bottega_lab.'
    );
  }
  if (!response.ok) throw problem('agent_unreachable', `The Jupyter server answered ${response.status}.`);
  const info = (await response.json()) as ServerInfo;
  const mismatch = mismatchOf(info);
  if (mismatch) throw mismatch;
  if (info.error) throw new BottegaError(info.error);
  return info;
};

/** Both halves come from one package, so that any difference means a page or a server from before an update. */
export const mismatchOf = (info: Pick<ServerInfo, 'server_version' | 'api_version'>): BottegaError | null => {
  if (info.server_version === VERSION && info.api_version === API_VERSION) return null;
  const pageIsOld = info.server_version.localeCompare(VERSION, 'en', { numeric: true }) > 0;
  return problem(
    'version_mismatch',
    `This page has Bottega ${VERSION} and the Jupyter server ${info.server_version}.`,
    pageIsOld
      ? 'Reload the page; if that does not help, empty the cache of the browser.'
      : 'Restart the Jupyter server so that it loads the version that is installed.'
  );
};

const request = async (settings: ServerConnection.ISettings): Promise<Response> => {
  const url = URLExt.join(settings.baseUrl, 'bottega/info');
  try {
    return await ServerConnection.makeRequest(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }, settings);
  } catch (error) {
    throw problem('agent_unreachable', 'The Jupyter server does not answer.', 'Check that it still runs.', error);
  }
};

const problem = (code: ErrorBody['code'], message: string, hint?: string, cause?: unknown): BottegaError =>
  new BottegaError(
    { code, message, ...(hint ? { hint } : {}), ...(cause === undefined ? {} : { details: String(cause) }) },
    { cause }
  );
