// Measures the product against what people use today: `npm run bench -- loop`. Results go to test/bench/results/.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepareExamples } from './examples.mjs';
import { root, setup } from './setup.mjs';

await setup();
await prepareExamples();
// The Node of the project, also where this one is older.
const node = join(root, 'node_modules/.bin/node');
spawn(node, [join(root, 'test/bench/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' }).on(
  'exit',
  code => (process.exitCode = code ?? 1)
);
