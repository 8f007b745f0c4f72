// Follows a run with many clients, as a process of its own: `followers.ts <socket> <run> <count>`. When the run has ended
// for all of them it prints one line of JSON: FollowersReport.
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import type { StreamMessage } from '@bottega/schema';
import { WebSocket } from 'ws';

export interface FollowersReport {
  /** Numbers of events that did not follow the one before, over all clients. */
  holes: number;
  lines: number;
  /** Milliseconds from print() to the message, for the newest line of each message of the first client. */
  delays: number[];
  megabytes: number;
}

const [socketPath = '', run = '', count = '1'] = process.argv.slice(2);
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
await Promise.all(Array.from({ length: Number(count) }, (_, index) => follow(index ? readEdges() : readAll())));
console.log(JSON.stringify(report));
