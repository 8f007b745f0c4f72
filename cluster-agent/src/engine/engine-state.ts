import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivately } from '../home/index.js';

/** What the agent keeps of an engine it started, so that its successor finds it again. Mode 0600: it has the token. */
export interface EngineState {
  submission: string;
  token: string;
  /** Ray's session: an engine of another head is gone. */
  session: string;
  /** Not there until the engine has said where it listens. */
  origin?: string;
  incarnation?: string;
}

const pathIn = (folder: string): string => join(folder, 'engine.json');

export const loadEngine = (folder: string): EngineState | null => {
  try {
    return JSON.parse(readFileSync(pathIn(folder), 'utf8')) as EngineState;
  } catch {
    // None was started here, or its file is broken: a new one is started.
    return null;
  }
};

export const saveEngine = (folder: string, state: EngineState): void =>
  writePrivately(pathIn(folder), JSON.stringify(state));

export const forgetEngine = (folder: string): void => rmSync(pathIn(folder), { force: true });
