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

/** Runs a command as a phase; prints its name and time, and its output when it fails, and then ends the script. */
export const phase = async (name, command, args, options) => {
  const started = performance.now();
  const { code, output } = await run(command, args, options);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (code !== 0) {
    console.error(output.trimEnd());
    console.error(`${name} failed: ${[command, ...args].join(' ')}`);
    process.exit(1);
  }
};
