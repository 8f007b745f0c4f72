import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Everything that is imported at run time from a file on, itself included; files by path, packages by name. */
const reachable = (file: string, found = new Set<string>()): Set<string> => {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)) {
    if (specifier.startsWith('.')) reachable(join(dirname(file), specifier), found);
    else found.add(specifier);
  }
  return found;
};

test('the part for the browser needs neither Node nor the schema library', () => {
  const entry = fileURLToPath(new URL('../lib/index.js', import.meta.url));
  const packages = [...reachable(entry)].filter(name => !name.startsWith('/'));
  expect(packages).toEqual(['@bottega/schema/timeouts', '@bottega/schema/version']);
});
