import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LaunchOptions } from '@playwright/test';

const packageFolder = fileURLToPath(new URL('../../node_modules/@sparticuz/chromium/', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/chromium/', import.meta.url));

/**
 * How Playwright starts the Chromium that npm brought. Not the flags of that package: they are for a cloud function
 * and turn the same-origin policy off.
 */
export const chromiumOptions = async (): Promise<LaunchOptions> => {
  const unpacked = await unpack();
  const executable = join(unpacked, 'chromium');
  return {
    executablePath: executable,
    args: [
      '--no-sandbox',
      // Nothing here draws with WebGL, and a GPU in software cannot keep up with a page that moves.
      '--disable-gpu',
      '--font-render-hinting=none'
    ],
    // Without a locale the language of the page is `en-US@posix`, which Intl refuses.
    env: { ...definedEnvironment(), LC_ALL: 'en_US.UTF-8', ...libraries(executable, unpacked), ...fonts(unpacked) }
  };
};

/** Unpacks the browser once for each version. Two processes that do so at the same time do not meet. */
const unpack = async (): Promise<string> => {
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const target = join(cache, version);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, 'unpacking-'));
  await inflateAll(fresh);
  await rename(fresh, target).catch(async error => {
    if (!existsSync(target)) throw error;
    await rm(fresh, { recursive: true });
  });
  return target;
};

const inflateAll = async (target: string): Promise<void> => {
  const { inflate } = await import('@sparticuz/chromium');
  const before = process.env['TMPDIR'];
  // It unpacks into the folder for temporary files, whatever that is.
  process.env['TMPDIR'] = target;
  try {
    if (tmpdir() !== target) throw new Error(`The browser cannot be unpacked into ${target}.`);
    const names = ['chromium.br', 'swiftshader.tar.br', 'al2023.tar.br', 'fonts.tar.br'];
    await Promise.all(names.map(name => inflate(join(packageFolder, 'bin', name))));
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
};

/** The shared libraries that come along, where the system has none of its own. */
const libraries = (executable: string, unpacked: string): Record<string, string> => {
  const needed = execFileSync('ldd', [executable], { encoding: 'utf8' });
  return needed.includes('not found') ? { LD_LIBRARY_PATH: join(unpacked, 'al2023/lib') } : {};
};

const fonts = (unpacked: string): Record<string, string> =>
  existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(unpacked, 'fonts') };

const definedEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  );
