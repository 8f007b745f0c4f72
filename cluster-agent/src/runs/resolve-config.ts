import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Problem, RunConfig } from '@bottega/schema';
import { validateRunConfig } from '@bottega/schema/validate';
import { BottegaError } from '../errors/index.js';

/** A run config in YAML and where it lies. */
export interface ConfigSource {
  config: string;
  folder?: string | undefined;
  /** Relative to the folder; `extends` is read from there. */
  config_path?: string | null | undefined;
  /** Live fields that were changed since, one after the other. */
  changes?: Record<string, unknown>[] | undefined;
}

/** The config with what it extends and with all defaults, or every problem with its place. */
export const resolveConfig = ({
  config,
  folder,
  config_path,
  changes = []
}: ConfigSource): Promise<{ config: RunConfig | null; problems: Problem[] }> => {
  if (folder === undefined) return validateRunConfig(config, { changes });
  const read = (path: string): Promise<string> => readFile(resolve(folder, path), 'utf8');
  return validateRunConfig(config, { read, changes, ...(config_path ? { file: config_path } : {}) });
};

/** Throws invalid_config. */
export const requireConfig = async (source: ConfigSource): Promise<RunConfig> => {
  const { config, problems } = await resolveConfig(source);
  if (config) return config;
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new BottegaError('invalid_config', `The run config has ${count}: ${problems[0]?.message ?? ''}`, { problems });
};

/** The config of a run as it is now. Throws folder_unreadable when its file is gone. */
export const currentText = async (run: {
  config: string;
  folder: string;
  config_path: string | null;
}): Promise<string> => {
  if (run.config_path === null) return run.config;
  try {
    return await readFile(join(run.folder, run.config_path), 'utf8');
  } catch (error) {
    throw new BottegaError('folder_unreadable', `${run.config_path} in ${run.folder} cannot be read.`, {
      hint: 'It was there when the run was submitted; put it back, or run another config.',
      cause: error
    });
  }
};
