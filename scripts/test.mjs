// Every check of the project, one after another. The last line is `N passed, N failed`.
// `npm test -- vitest pytest` runs only the named ones.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareExamples } from './examples.mjs';
import { run } from './phase.mjs';
import { root, setup } from './setup.mjs';

await setup();

const scratch = mkdtempSync(join(tmpdir(), 'bottega-test-'));
const npm = name => join(root, 'node_modules/.bin', name);
const venv = name => join(root, '.venv/bin', name);
const python = ['schema/python', 'native', 'kernel-bridge/python', 'extension/server', 'examples/prepare'];

const one = { passed: 1, failed: 0 };

/** Counts of a Vitest or Playwright JSON report, or of a pytest JUnit report. */
const readVitest = file => {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: report.numPassedTests, failed: report.numFailedTests };
};
const readPlaywright = file => {
  const { stats } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky };
};
const readJUnit = file => {
  const text = readFileSync(file, 'utf8');
  const count = name => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed };
};

const vitestReport = join(scratch, 'vitest.json');
const pytestReport = join(scratch, 'pytest.xml');
const crossingReport = join(scratch, 'crossing.json');
const browserReport = join(scratch, 'browser.json');
const vitest = (report, ...more) => [
  npm('vitest'),
  ['run', ...more, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  () => readVitest(report)
];
const checks = {
  prettier: [npm('prettier'), ['--check', '--log-level=warn', '.']],
  eslint: [npm('eslint'), ['.']],
  generated: [npm('node'), ['scripts/generate.mjs', '--check']],
  ruff: [venv('ruff'), ['check', '--quiet', '.']],
  'ruff-format': [venv('ruff'), ['format', '--check', '--quiet', '.']],
  mypy: [venv('mypy'), python],
  imports: [venv('lint-imports'), []],
  vitest: vitest(vitestReport),
  pytest: [venv('python'), ['-m', 'pytest', `--junitxml=${pytestReport}`, ...python], () => readJUnit(pytestReport)],
  crossing: vitest(crossingReport, '--config=test/vitest.config.ts'),
  browser: [npm('playwright'), ['test', '-c', 'test', '--reporter=list,json'], () => readPlaywright(browserReport)],
  demo: [npm('node'), ['scripts/demo.mjs']]
};
/** Checks that run the example: its data and model are made first. */
const withExample = new Set(['crossing', 'browser', 'demo']);

const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !(name in checks));
if (unknown.length) {
  console.error(`There is no check named ${unknown.join(', ')}. There are: ${Object.keys(checks).join(', ')}.`);
  process.exit(2);
}

const chosen = Object.entries(checks).filter(([name]) => !wanted.length || wanted.includes(name));
if (chosen.some(([name]) => withExample.has(name))) await prepareExamples();

const sum = { passed: 0, failed: 0 };
for (const [name, [command, args, read]] of chosen) {
  const started = performance.now();
  const { code, output } = await run(command, args, {
    cwd: root,
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: browserReport }
  });
  let counts = code === 0 ? one : { passed: 0, failed: 1 };
  try {
    if (read) counts = read();
  } catch {
    counts = { passed: 0, failed: 1 };
  }
  if (code !== 0 && counts.failed === 0) counts = { ...counts, failed: 1 };
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${counts.failed ? '✗' : '✓'} ${name}: ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`);
  if (counts.failed) console.log(output.trimEnd());
}

rmSync(scratch, { recursive: true });
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed ? 1 : 0;
