// A named, timed step of a script: its output is shown only when it fails.
import { spawn } from 'node:child_process';

/** Runs a command to its end. Answers {code, output}; never throws for a failing command. */
export const run = (command, args, options = {}) =>
  new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const chunks = [];
    child.stdout.on('data', chunk => chunks.push(chunk));
    child.stderr.on('data', chunk => chunks.push(chunk));
    child.on('error', error => resolve({ code: 127, output: String(error.message) }));
    child.on('close', code => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });

export const secondsSince = started => `${((performance.now() - started) / 1000).toFixed(1)} s`;

/** Runs a command as a phase; prints its name and time, and its output when it fails, and then ends the script. */
export const phase = async (name, command, args, options) => {
  const started = performance.now();
  // A terminal says what it waits for; a log gets one line for each phase.
  if (process.stdout.isTTY) process.stdout.write(`… ${name}`);
  const { code, output } = await run(command, args, options);
  const line = `${code === 0 ? '✓' : '✗'} ${name} (${secondsSince(started)})`;
  console.log(process.stdout.isTTY ? `\r${line}` : line);
  if (code === 0) return;
  console.error(output.trimEnd());
  console.error(`${name} failed: ${[command, ...args].join(' ')}`);
  if (/ENOSPC|No space left on device/.test(output)) {
    console.error('There is no space left on the disk. Bottega needs about 10 GB; free some and start again.');
  }
  process.exit(1);
};
