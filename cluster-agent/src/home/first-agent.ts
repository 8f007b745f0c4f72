import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AgentAddress } from '@bottega/schema';

const ANSWER_TIMEOUT_MS = 2_000;

/** Whether the agent that an address file tells of answers. */
export const isAnswering = (addressFile: string): Promise<boolean> => {
  let address: AgentAddress;
  try {
    address = JSON.parse(readFileSync(addressFile, 'utf8')) as AgentAddress;
  } catch {
    // It has not told yet, or is taking its leave.
    return Promise.resolve(false);
  }
  return new Promise(resolve => {
    const asked = request({ socketPath: address.socket, path: '/v1/info', timeout: ANSWER_TIMEOUT_MS }, answer => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', () => resolve(false));
    asked.end();
  });
};
