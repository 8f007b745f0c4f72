// Kills parts of the product at random moments and looks whether the ledger tells the truth: `npm run soak`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

await setup();
const node = join(root, 'node_modules/.bin/node');
spawn(node, [join(root, 'test/soak/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' }).on(
  'exit',
  code => (process.exitCode = code ?? 1)
);
