import type { Run } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { parseDocument } from 'yaml';
import { runFileEndings } from '../../files/file-types.js';

/** A config that goes on from a checkpoint of a run. */
export interface BranchFile {
  text: string;
  /** The line that a person edits first, from 1. */
  line: number;
}

export interface BranchOrigin {
  run: Run;
  /** The step of a complete checkpoint; null for the last one there is. */
  step: number | null;
  /** The config file of the run, as it is written in `extends`; null when there is none, or none any more. */
  extends: string | null;
}

/** What a branch begins with: everything as in the run it comes from, and room for what should be different. */
export const branchFile = (trans: TranslationBundle, origin: BranchOrigin): BranchFile => {
  const { run, step } = origin;
  const checkpoint = step === null ? run.id : `${run.id}/checkpoint-${step}`;
  const body =
    origin.extends === null
      ? ownText(origin, checkpoint)
      : `extends: ${scalar(origin.extends)}\nname: ${scalar(branchName(origin))}\n` +
        `resume_from_checkpoint: ${checkpoint}\nmax_steps: ${maxSteps(origin)}\n`;
  const text = `${comments(trans, origin)}${body}`;
  return { text, line: text.split('\n').findIndex(line => line.startsWith('max_steps:')) + 1 };
};

const comments = (trans: TranslationBundle, { run, step }: BranchOrigin): string => {
  // A name may hold anything, and a comment ends with its line.
  const name = run.name.replace(/\s+/g, ' ').trim();
  const first =
    step === null
      ? trans.__('Goes on from the last checkpoint of %1.', name)
      : trans.__('Goes on from %1 at step %2.', name, step);
  const last = step ?? run.step;
  return [
    `# ${first} ${trans.__('Write below what should be different, then press Run.')}`,
    `# ${trans.__('Steps are counted on: max_steps must be more than %1.', last)}`,
    ''
  ].join('\n');
};

const ownText = (origin: BranchOrigin, checkpoint: string): string => {
  const document = parseDocument(origin.run.config);
  const own = { name: branchName(origin), resume_from_checkpoint: checkpoint, max_steps: maxSteps(origin) };
  for (const [key, value] of Object.entries(own)) {
    document.delete(key);
    document.set(key, value);
  }
  return document.toString({ lineWidth: 0 });
};

/** Plain where YAML reads it as text, else in quotes. */
const scalar = (text: string): string => (/^[a-z_][\w./-]*$/i.test(text) ? text : JSON.stringify(text));

const LONGEST_NAME = 80;

/** `lora-from-20`, also of a branch of it: a list of the same names says nothing. */
const branchName = ({ run, step }: BranchOrigin): string => {
  const ending = step === null ? '-branch' : `-from-${step}`;
  return `${run.name.replace(/-(from-\d+|branch)$/, '').slice(0, LONGEST_NAME - ending.length)}${ending}`;
};

/** As far as the run itself was to go; from its end on, as far again. */
const maxSteps = ({ run, step }: BranchOrigin): number => {
  const from = step ?? run.step;
  const length = run.max_steps ?? from;
  return length > from ? length : from + Math.max(1, length);
};

/** `finetune-branch` of `finetune.run.yaml`, and of a branch of it. */
export const branchStem = (run: Run): string => {
  const file = run.config_path?.split('/').at(-1) ?? run.name;
  const ending = runFileEndings.find(each => file.endsWith(each)) ?? '';
  const stem = file.slice(0, file.length - ending.length).replace(/-branch(-\d+)?$/, '');
  return `${stem.replace(/[^\w.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'run'}-branch`;
};
