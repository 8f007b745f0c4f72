// requirements.in → requirements.lock: one lock for every platform, with hashes and without addresses.
import { join } from 'node:path';
import { phase } from './phase.mjs';
import { root } from './setup.mjs';

await phase(
  'requirements.lock',
  join(root, '.venv/bin/uv'),
  [
    ...['pip', 'compile', '--universal', '--generate-hashes', '--no-emit-index-url', '--python-version', '3.11'],
    ...['requirements.in', '-o', 'requirements.lock', ...process.argv.slice(2)]
  ],
  { cwd: root }
);
