// Formats everything: Prettier for TypeScript, JSON, YAML and Markdown, ruff for Python.
import { join } from 'node:path';
import { phase } from './phase.mjs';
import { root } from './setup.mjs';

const ruff = join(root, '.venv/bin/ruff');
const here = { cwd: root };
await phase('Prettier', join(root, 'node_modules/.bin/prettier'), ['--write', '--log-level=warn', '.'], here);
await phase('ruff check --fix', ruff, ['check', '--fix', '--quiet', '.'], here);
await phase('ruff format', ruff, ['format', '--quiet', '.'], here);
