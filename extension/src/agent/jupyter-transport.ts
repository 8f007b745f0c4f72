import type { Transport, WebSocketLike } from '@bottega/client';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** The way to the agent through the Jupyter server of this page, with its login and XSRF token. */
export class JupyterTransport implements Transport {
  constructor(readonly settings: ServerConnection.ISettings) {}

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return ServerConnection.makeRequest(this.url(path), withBody(init), this.settings);
  }

  openSocket(path: string): WebSocketLike {
    const url = URLExt.join(this.settings.wsUrl, 'bottega/agent', path);
    // A token in a URL ends up in logs. Jupyter asks for it only when the page comes from another host than the server.
    const login = this.settings.appendToken ? `?token=${encodeURIComponent(this.settings.token)}` : '';
    return new this.settings.WebSocket(url + login);
  }

  url(path: string): string {
    return URLExt.join(this.settings.baseUrl, 'bottega/agent', path);
  }
}

/** JupyterLab calls every request that writes JSON, and an empty text is no JSON. */
const withBody = (init: RequestInit): RequestInit =>
  init.body === undefined && !['GET', 'HEAD'].includes(init.method ?? 'GET')
    ? { ...init, body: '{}', headers: { 'Content-Type': 'application/json' } }
    : init;
