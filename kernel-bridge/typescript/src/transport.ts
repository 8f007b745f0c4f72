/** What the stream needs of a WebSocket; the browser's and the one of `ws` both have it. */
export interface WebSocketLike {
  onopen: ((event: any) => any) | null; // eslint-disable-line @typescript-eslint/no-explicit-any
  onmessage: ((event: any) => any) | null; // eslint-disable-line @typescript-eslint/no-explicit-any
  onerror: ((event: any) => any) | null; // eslint-disable-line @typescript-eslint/no-explicit-any
  onclose: ((event: any) => any) | null; // eslint-disable-line @typescript-eslint/no-explicit-any
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** The way to the agent: through the Jupyter server in a browser, over the unix socket elsewhere. */
export interface Transport {
  /** Sends a request to a path of the agent's API, such as `/v1/runs`. Rejects when nothing answers. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Opens a WebSocket to a path of the agent's API. */
  openSocket(path: string): WebSocketLike;
  /** The address of a path, for an `<iframe>` or a link. */
  url(path: string): string;
}
