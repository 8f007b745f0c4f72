import type { AgentAddress } from '@bottega/schema';
import { BottegaError } from '../error.js';
import { defaultHome, findAgent, startAgent } from './agent-process.js';
import { LocalClient } from './local-client.js';
import type { Displayer } from './display.js';
import { UnixTransport } from './unix-transport.js';

export interface ConnectOptions {
  /** The folder of the agent. Default: BOTTEGA_HOME, or `.bottega` in the home folder. */
  home?: string;
  /** Start an agent when there is none. Default: true. */
  start?: boolean;
  /** Where runs are shown, in a notebook: `tslab.display`. */
  display?: Displayer;
}

/** Finds the agent of this person, starts it when there is none, and checks that both speak the same API version. */
export const connect = async (options: ConnectOptions = {}): Promise<LocalClient> => {
  const home = options.home ?? defaultHome();
  const start = options.start ?? true;
  const address = await find(home, start);
  const transport = new UnixTransport(address.socket, async () => (await find(home, start)).socket);
  const client = new LocalClient(transport, options.display);
  try {
    await client.info();
  } catch (error) {
    client.dispose();
    throw error;
  }
  return client;
};

const find = async (home: string, start: boolean): Promise<AgentAddress> => {
  const found = await findAgent(home);
  if (found) return found;
  if (start) return startAgent(home);
  throw new BottegaError({
    code: 'agent_unreachable',
    message: `No agent runs for ${home}.`,
    hint: 'Open JupyterLab, or connect without start: false.'
  });
};
