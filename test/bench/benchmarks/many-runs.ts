import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serversOf } from '../../cluster/processes.ts';
import { Workplace } from '../../cluster/workplace.ts';
import { MemorySamples } from '../memory-samples.ts';
import { compareThirds, secondsOf, type Result } from '../result.ts';

const RUNS = Number(process.env['BENCH_SAMPLES'] ?? 1_000);
const MODULES = 2_000;

export const about = `A day of short runs, one after another, from a project of ${MODULES.toLocaleString('en')} modules.`;

/** Seconds from the submission of a run to its end, and the memory of the servers: the last third against the first. */
export const measure = async (): Promise<Result[]> => {
  const workplace = await Workplace.make();
  try {
    await mkdir(join(workplace.project, 'lib'));
    await Promise.all(
      Array.from({ length: MODULES }, (_, n) => writeFile(join(workplace.project, `lib/module_${n}.py`), `N = ${n}\n`))
    );
    await workplace.write('short.run.yaml', 'kind: script\ncommand: short.py\n');
    await workplace.up('provider: local\nname: bench\ncpus: 1\n');
    using memory = new MemorySamples(serversOf(workplace.home));
    const seconds: number[] = [];
    for (let run = 0; run < RUNS; run += 1) seconds.push(await secondsOf(() => editAndRun(workplace, run)));
    return [compareThirds(`a run, last third of ${RUNS}`, 's', seconds), ...memory.thirds()];
  } finally {
    await workplace.end();
  }
};

const editAndRun = async (workplace: Workplace, number: number): Promise<void> => {
  await workplace.write('short.py', `print("run", ${number})\n`);
  const run = await workplace.run('short.run.yaml', 'bench');
  const { state, reason } = await run.finished(AbortSignal.timeout(60_000));
  if (state !== 'done') throw new Error(`Run ${number} is ${state}: ${reason}`);
};
