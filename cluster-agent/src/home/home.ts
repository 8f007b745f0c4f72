import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** Longest path of a unix socket that every system takes. */
const SOCKET_PATH_BYTES = 100;

/** The folder of one agent (BOTTEGA_HOME), for its owner alone. */
export class Home {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
    privateFolder(this.path);
  }

  /** Where the agent listens: in the home, or under the temporary folder when the home's path is too long for that. */
  get socket(): string {
    const inside = this.file('agent.sock');
    if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES) return inside;
    const name = createHash('sha256').update(this.path).digest('hex').slice(0, 16);
    return join(privateFolder(join(tmpdir(), `bottega-${userInfo().uid}-${name}`)), 'agent.sock');
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Where the state of one cluster lies. */
  clusterFolder(name: string): string {
    return privateFolder(join(privateFolder(this.file('clusters')), name));
  }
}

const privateFolder = (path: string): string => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // A folder that was there before may be open to others; if it is not ours, this throws and nothing is put there.
  chmodSync(path, 0o700);
  return path;
};
