import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, type Run, type RunEvent } from '@bottega/schema';
import { until } from '../cluster/until.ts';
import type { Workplace } from '../cluster/workplace.ts';
import { outputOf } from '../cluster/workplace.ts';
import { processesOfRun, type Victim } from './victims.ts';

export const LINES = 30;
/** A keeper that is gone is known a moment before the kernel has ended its ranks; the script itself would live longer. */
const DYING_MS = 1_000;

/**
 * A script that leaves evidence outside of everything that Bottega keeps: one byte-exact line in a file when it begins
 * and one when it ends.
 */
export const script = (evidence: string): string => `import os, sys, time
def note(word):
    descriptor = os.open(${JSON.stringify(evidence)}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{os.environ['BOTTEGA_RUN_ID']} {word}\\n".encode())
    os.close(descriptor)
note("began")
for number in range(${LINES}):
    print("line", number, flush=True)
    time.sleep(0.05)
note("ended")
`;

const whole = Array.from({ length: LINES }, (_, number) => `line ${number}\n`).join('');

/** Runs whose processes die with this victim and whose end nobody has seen may be lost. */
const mayLose = new Set<Victim>(['keeper', 'engine', 'head']);

/** What is wrong with a run after a round; nothing when the ledger and its log tell the truth. */
export const faultsOf = async (workplace: Workplace, run: Run, victim: Victim): Promise<string[]> => {
  const faults: string[] = [];
  const wrong = (what: string): number => faults.push(`${run.id} (${run.name}, ${run.state}: ${run.reason}): ${what}`);
  const events = await everyEvent(workplace, run.id);
  let next = 1;
  for (const event of events) {
    if (event.seq !== next) wrong(`event ${event.seq} comes where ${next} is expected`);
    next = (event.type === 'gap' ? event.last : event.seq) + 1;
  }
  if (next !== run.last_seq + 1) wrong(`its record ends at ${run.last_seq}, its log at ${next - 1}`);
  const ends = events.filter(event => event.type === 'status' && hasEnded(event.state));
  if (ends.length !== 1 || events.at(-1) !== ends[0]) wrong(`it has ${ends.length} ends`);
  if (run.state !== 'done' && !run.reason) wrong('it did not end well and gives no reason');
  if (run.state === 'lost' && !mayLose.has(victim)) wrong(`it is lost although only the ${victim} was killed`);
  if (run.kind === 'script') await judgeScript(workplace, run, events, wrong);
  else if (run.state === 'done') judgeTraining(events, wrong);
  const living = (): number[] => processesOfRun(workplace.home, run.id);
  await until('its processes to be gone', () => (living().length ? undefined : true), DYING_MS, 20).catch(() =>
    wrong(`processes ${living().join(', ')} of it still live`)
  );
  return faults;
};

const judgeScript = async (
  workplace: Workplace,
  run: Run,
  events: RunEvent[],
  wrong: (what: string) => unknown
): Promise<void> => {
  const text = await readFile(join(workplace.scratch, 'evidence'), 'utf8').catch(() => '');
  const count = (word: string): number => text.split('\n').filter(line => line === `${run.id} ${word}`).length;
  if (count('began') > 1) wrong(`it ran ${count('began')} times`);
  if (run.state === 'done' && count('ended') !== 1) wrong('it is called done and never came to its end');
  if (run.state === 'failed' && count('ended')) wrong('it came to its end and is called failed');
  const output = outputOf(events);
  if (run.state === 'done' && output !== whole) wrong(`${output.length} of ${whole.length} characters arrived`);
  if (!whole.startsWith(output)) wrong(`its output is not what it wrote: ${JSON.stringify(output.slice(-80))}`);
};

const judgeTraining = (events: RunEvent[], wrong: (what: string) => unknown): void => {
  const steps = events.flatMap(event => (event.type === 'metric' && 'loss' in event.values ? [event.step] : []));
  if (steps.some((step, index) => step !== index + 1)) wrong(`its steps are ${steps.join(', ')}`);
  if (!events.some(event => event.type === 'checkpoint' && event.final)) wrong('it is done without a final model');
};

const everyEvent = async ({ client }: Workplace, id: string): Promise<RunEvent[]> => {
  const events: RunEvent[] = [];
  for (;;) {
    const page = await client.events(id, (events.at(-1)?.seq ?? 0) + 1);
    events.push(...page.events);
    if (!page.events.length || (events.at(-1)?.seq ?? 0) >= page.last_seq) return events;
  }
};
