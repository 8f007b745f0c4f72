import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Workbench } from '../agent.fixture.js';

const TOKEN = 'the-token-of-ray';
let bench: Workbench;
let dashboard: Server;
let seen: { method: string; url: string; headers: IncomingHttpHeaders }[];
let heard: string[];

beforeEach(async () => {
  seen = [];
  heard = [];
  dashboard = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    const origin = `http://${request.headers.host ?? ''}`;
    if (request.url === '/moved') response.writeHead(302, { location: `${origin}/api/v0/logs?a=1` });
    else if (request.url === '/deep/er/moved') response.writeHead(302, { location: '/index.html' });
    else if (request.url === '/away') response.writeHead(302, { location: 'http://evil.example/' });
    else response.writeHead(200, { 'set-cookie': `ray-authentication-token=${TOKEN}`, 'x-frame-options': 'DENY' });
    response.end('page');
  });
  const sockets = new WebSocketServer({ server: dashboard });
  sockets.on('connection', (socket, request) => {
    seen.push({ method: 'WS', url: request.url ?? '', headers: request.headers });
    socket.on('message', data => heard.push(String(data as Buffer)));
    socket.send('line 1\n');
    socket.send(Buffer.from([1, 2, 3]));
  });
  dashboard.listen(0, '127.0.0.1');
  await once(dashboard, 'listening');
  bench = await Workbench.open();
  const { port } = dashboard.address() as AddressInfo;
  Object.assign(bench.provider.head, { dashboard: `http://127.0.0.1:${port}`, token: TOKEN });
  await bench.up();
});
afterEach(async () => {
  await bench.close();
  dashboard.closeAllConnections();
  dashboard.close();
});

const path = (target: string): string => `/v1/clusters/local/dashboard${target}`;

test('a read has the token of Ray and nothing of who asks; the answer has no cookie and may be framed here', async () => {
  const headers = {
    cookie: 'jupyter=secret',
    authorization: 'token of jupyter',
    origin: 'http://lab',
    referer: 'http://lab/?token=secret',
    'user-agent': 'Mozilla/5.0',
    'sec-fetch-mode': 'cors',
    'x-xsrftoken': 'secret',
    accept: 'text/html'
  };
  const answer = await bench.raw('GET', path('/nodes?view=summary'), undefined, headers);
  expect(answer).toMatchObject({ status: 200, body: 'page' });
  expect(answer.headers).not.toHaveProperty('set-cookie');
  expect(answer.headers).not.toHaveProperty('x-frame-options');
  expect(answer.headers['content-security-policy']).toBe("frame-ancestors 'self'");
  const asked = seen.at(-1)!;
  expect(asked).toMatchObject({ method: 'GET', url: '/nodes?view=summary' });
  expect(asked.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, accept: 'text/html' });
  expect(JSON.stringify(asked.headers)).not.toMatch(/secret|jupyter|Mozilla|lab|sec-fetch/);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused with a sentence', async method => {
  const answer = await bench.raw(method, path('/api/jobs/'), method.startsWith('P') ? { entrypoint: 'x' } : undefined);
  expect(answer.status).toBe(405);
  expect(JSON.parse(answer.body)).toMatchObject({ message: expect.stringContaining('only be looked at') as string });
  expect(seen).toEqual([]);
});

test('redirects are followed under the address that the browser sees, and never to another host', async () => {
  const located = async (target: string) => (await bench.raw('GET', path(target))).headers['location'];
  expect(await located('/moved')).toBe('./api/v0/logs?a=1');
  expect(await located('/deep/er/moved')).toBe('../../index.html');
  expect(await located('/away')).toBeUndefined();
});

test('only registered clusters and their own host are reached', async () => {
  expect((await bench.raw('GET', '/v1/clusters/nobody/dashboard/')).status).toBe(404);
  for (const target of ['//evil.example/', '/\\evil.example/', '/@evil.example/', '/http://evil.example/']) {
    await bench.raw('GET', path(target));
  }
  for (const { headers } of seen) expect(headers.host).toMatch(/^127\.0\.0\.1:/);
});

test('HEAD has the headers and no body', async () => {
  expect(await bench.raw('HEAD', path('/'))).toMatchObject({ status: 200, body: '' });
  expect(seen.at(-1)?.method).toBe('HEAD');
});

test('a WebSocket passes on what Ray says, and nothing that the browser says', async () => {
  const socket = new WebSocket(`ws+unix://${bench.scratch}/home/agent.sock:${path('/api/jobs/x/logs/tail?a=1')}`, {
    headers: { cookie: 'jupyter=secret', origin: 'http://lab' }
  });
  const messages: string[] = [];
  socket.on('message', (data: Buffer, isBinary) => messages.push(isBinary ? data.toString('hex') : data.toString()));
  await once(socket, 'open');
  socket.send('stop all jobs');
  await expect.poll(() => messages).toEqual(['line 1\n', '010203']);
  const asked = seen.at(-1)!;
  expect(asked).toMatchObject({ method: 'WS', url: '/api/jobs/x/logs/tail?a=1' });
  expect(asked.headers).toMatchObject({ authorization: `Bearer ${TOKEN}` });
  expect(JSON.stringify(asked.headers)).not.toMatch(/secret|lab/);
  socket.close();
  await once(socket, 'close');
  expect(heard).toEqual([]);
});

test('a WebSocket to a cluster that is not there is closed', async () => {
  const socket = new WebSocket(`ws+unix://${bench.scratch}/home/agent.sock:/v1/clusters/nobody/dashboard/x`);
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBeGreaterThanOrEqual(1006);
});
