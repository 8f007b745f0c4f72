import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivately } from '../../../home/index.js';
import type { Belonging } from './processes.js';

/** What the agent keeps of a local cluster, so that any later agent finds it again and ends nothing else. */
export interface LocalState extends Belonging {
  /** The processes without which there is no head; empty until Ray has started. */
  head: { name: string; pid: number; start: number }[];
  /** Ray's temporary folder, under a parent that is ours alone. */
  temporary: string;
  dashboardPort: number;
}

const pathIn = (folder: string): string => join(folder, 'local.json');

export const loadLocal = (folder: string): LocalState | null => {
  try {
    return JSON.parse(readFileSync(pathIn(folder), 'utf8')) as LocalState;
  } catch {
    // Nothing was started here.
    return null;
  }
};

export const saveLocal = (folder: string, state: LocalState): void =>
  writePrivately(pathIn(folder), JSON.stringify(state));

export const forgetLocal = (folder: string): void => rmSync(pathIn(folder), { force: true });
