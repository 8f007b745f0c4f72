import type { Client } from '@bottega/client/node';
import type { ChangeTimes } from './changes.ts';

type Socket = ReturnType<Client['transport']['openSocket']>;

interface Heard {
  id: string;
  isKept: boolean;
  at: number;
}

/** Browser tabs that show the list of runs: each with a WebSocket of its own that follows the ledger. */
export class Followers {
  readonly #sockets: Socket[] = [];
  readonly #heard: Heard[][] = [];

  static async open(client: Client, count: number): Promise<Followers> {
    const followers = new Followers();
    await Promise.all(Array.from({ length: count }, () => followers.#add(client)));
    return followers;
  }

  /** Seconds from asking for a change to hearing of it, for every follower and every change it heard of. */
  delays(times: ChangeTimes): number[] {
    return this.#heard.flatMap(heard => delaysOf(heard, times));
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #add(client: Client): Promise<void> {
    const socket = client.transport.openSocket('/v1/stream');
    const heard: Heard[] = [];
    this.#sockets.push(socket);
    this.#heard.push(heard);
    return new Promise((resolve, reject) => {
      socket.onerror = reject;
      socket.onopen = () => socket.send(JSON.stringify({ type: 'follow_ledger' }));
      socket.onmessage = ({ data }: { data: string }) => {
        if (data.startsWith('{"type":"ledger"')) resolve();
        if (!data.startsWith('{"type":"run"')) return;
        // Reading every record whole would measure this process and not the agent.
        const id = data.slice(data.indexOf('"id":"') + 6, data.indexOf('","name"'));
        heard.push({ id, isKept: data.includes('"is_kept":true'), at: performance.now() });
      };
    });
  }
}

/** Several changes may be told as one: then the oldest of them that fits counts, so that no delay is told too short. */
const delaysOf = (heard: Heard[], times: ChangeTimes): number[] => {
  const last = new Map<string, number>();
  const delays: number[] = [];
  for (const { id, isKept, at } of heard) {
    const made = times.get(id);
    if (!made) continue;
    let change = (last.get(id) ?? 0) + 1;
    if ((change % 2 === 1) !== isKept) change += 1;
    const asked = made[change];
    if (asked === undefined || asked > at) continue;
    last.set(id, change);
    delays.push((at - asked) / 1000);
  }
  return delays;
};
