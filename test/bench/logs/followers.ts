// Follows a run with many clients, as a process of its own: `followers.ts <socket> <run> <count> <all|panel>`. When the
// run has ended for all of them it prints one line of JSON: FollowersReport.
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import type { StreamMessage } from '@bottega/schema';
import { connect } from '@bottega/client/node';
import { dirname } from 'node:path';
import { WebSocket } from 'ws';

export interface FollowersReport {
  /** Numbers of events that did not follow the one before, over all clients. Panels leave out output. */
  holes: number;
  /** Lines that the first client read. */
  lines: number;
  /** Milliseconds from print() to the message, for the newest line of each message of the first client. */
  delays: number[];
  megabytes: number;
}

/** What panels do: now and then somebody scrolls back, and a page is read by number. */
const SCROLL_EVERY_MS = 10_000;
const PAGE_LINES = 500;

const [socketPath = '', run = '', count = '1', kind = 'all'] = process.argv.slice(2);
// In life the clients are browsers on other machines.
setPriority(constants.priority.PRIORITY_LOW);
const report: FollowersReport = { holes: 0, lines: 0, delays: [], megabytes: 0 };

/** Reads everything, and looks at every line. */
const readAll = (): ((text: string) => boolean) => {
  let seq = 0;
  return text => {
    const message = JSON.parse(text) as StreamMessage;
    if (message.type !== 'events') return false;
    const now = Date.now();
    let stamp = 0;
    for (const event of message.events) {
      if (event.seq !== (seq += 1)) report.holes += 1;
      if (event.type !== 'output') continue;
      for (const [, number, printed] of event.text.matchAll(/^(\d{9}) (\d+\.\d)/gm)) {
        if (Number(number) !== (report.lines += 1)) report.holes += 1;
        stamp = Number(printed);
      }
    }
    if (stamp) report.delays.push(now - stamp);
    return seq === message.last_seq && isEnd(text);
  };
};

/** Looks at where each message begins and ends: fifty who read everything would need more than this machine has. */
const readEdges = (): ((text: string) => boolean) => {
  let last = 0;
  return text => {
    if (!text.startsWith('{"type":"events"')) return false;
    const seqAt = (index: number): number => Number(/"seq":(\d+)/.exec(text.slice(index, index + 30))?.[1]);
    if (seqAt(text.indexOf('{"seq"')) !== last + 1) report.holes += 1;
    last = seqAt(text.lastIndexOf('{"seq"'));
    return isEnd(text);
  };
};
const isEnd = (text: string): boolean => /"type":"status","state":"(done|failed|stopped|lost)"/.test(text.slice(-400));

const follow = async (read: (text: string) => boolean): Promise<void> => {
  const socket = new WebSocket(`ws+unix://${socketPath}:/v1/stream`);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'follow', run, from: 1 }));
  await new Promise<void>(resolve =>
    socket.on('message', (data: Buffer) => {
      report.megabytes += data.length / 1e6;
      if (read(data.toString())) resolve();
    })
  );
  socket.close();
};

/** Follows the end of the output, as the panel of a run in JupyterLab does. */
const showPanel = async (isFirst: boolean): Promise<void> => {
  const client = await connect({ home: dirname(socketPath), start: false });
  let [seq, lines] = [0, 0];
  const scrolling = setInterval(() => {
    const from = Math.max(1, Math.floor(Math.random() * (lines - PAGE_LINES)));
    if (lines) void client.lines(run, from, PAGE_LINES);
  }, SCROLL_EVERY_MS);
  await new Promise<void>((resolve, reject) =>
    client.stream().follow(
      run,
      1,
      (events, _, line) => {
        const now = Date.now();
        lines = line ?? lines;
        for (const event of events) {
          if (event.seq <= seq) report.holes += 1;
          seq = event.seq;
          if (event.type === 'output') lines += event.text.split('\n').length - 1;
          if (event.type === 'status' && /done|failed|stopped|lost/.test(event.state)) resolve();
        }
        const last = events.findLast(event => event.type === 'output');
        const printed = isFirst && last && /(\d+\.\d) epoch [^\n]*\n$/.exec(last.text)?.[1];
        if (printed) report.delays.push(now - Number(printed));
      },
      error => reject(new Error(error.message)),
      { output: 'tail' }
    )
  );
  clearInterval(scrolling);
  if (isFirst) report.lines = lines;
  client.dispose();
};

const followers = Array.from({ length: Number(count) }, (_, index) =>
  kind === 'panel' ? showPanel(index === 0) : follow(index === 0 ? readAll() : readEdges())
);
await Promise.all(followers);
console.log(JSON.stringify(report));
