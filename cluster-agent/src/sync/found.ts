import type { BigIntStats } from 'node:fs';

export interface FoundFile {
  path: string;
  stats: BigIntStats;
}

export interface FoundLink {
  path: string;
  target: string;
}

export interface Found {
  /** The folder with links resolved. */
  root: string;
  files: FoundFile[];
  links: FoundLink[];
  sizeBytes: number;
}

export interface Limits {
  sizeBytes: number;
  files: number;
}
