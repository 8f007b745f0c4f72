import type { IncomingHttpHeaders } from 'node:http';

type Headers = Record<string, string | string[]>;

const hopByHop = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade']
];

/**
 * Not for the dashboard: who the person is elsewhere, and what makes Ray take the request for one of a browser, which
 * it guards against with headers of its own.
 */
const browserOnly = ['authorization', 'x-ray-authorization', 'cookie', 'host', 'origin', 'referer', 'user-agent'];

/** Not for the browser: Ray's cookie is the token of the cluster, and policies of this origin are not Ray's to set. */
const dashboardOnly = [
  'set-cookie',
  'location',
  'content-security-policy',
  'x-frame-options',
  'access-control-allow-origin'
];

export const headersToDashboard = (headers: IncomingHttpHeaders): Headers =>
  without(headers, [...hopByHop, ...browserOnly, 'content-length', 'expect', 'forwarded', 'via'], name =>
    ['sec-fetch-', 'sec-ch-', 'sec-websocket-', 'x-forwarded-', 'x-xsrf'].some(prefix => name.startsWith(prefix))
  );

export const headersToBrowser = (headers: IncomingHttpHeaders): Headers => ({
  ...without(headers, [...hopByHop, ...dashboardOnly], () => false),
  'content-security-policy': "frame-ancestors 'self'",
  'x-content-type-options': 'nosniff'
});

const without = (headers: IncomingHttpHeaders, names: string[], isDropped: (name: string) => boolean): Headers => {
  const named = String(headers.connection ?? '').split(',');
  const dropped = new Set([...names, ...named.map(name => name.trim().toLowerCase())]);
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, string | string[]] =>
      entry[1] !== undefined && !dropped.has(entry[0]) && !isDropped(entry[0])
  );
  return Object.fromEntries(kept);
};
