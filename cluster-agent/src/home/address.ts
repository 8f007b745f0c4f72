import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AgentAddress } from '@bottega/schema';

/** Writes a file for its owner alone, whole or not at all. */
export const writePrivately = (path: string, text: string): void => {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
};

/** Tells where this agent listens. */
export const writeAddress = (path: string, address: AgentAddress): void =>
  writePrivately(path, `${JSON.stringify(address)}\n`);

/** Takes the address back when it is still this agent's. */
export const removeAddress = (path: string): void => {
  try {
    const { pid } = JSON.parse(readFileSync(path, 'utf8')) as AgentAddress;
    if (pid === process.pid) rmSync(path, { force: true });
  } catch {
    // Not there, or not readable: then it is not ours to remove.
  }
};
