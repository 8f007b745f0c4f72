import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, startAgent, type LocalClient } from '@bottega/client/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endAgent } from '../cluster/agent.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
if (!isRoot) console.warn('The full disk is left out: mounting a small one needs root.');

describe.skipIf(!isRoot)('when the disk of the home is full', () => {
  let home: string;
  let client: LocalClient;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'bottega-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'none', home]);
    await startAgent(home);
    client = await connect({ home, start: false });
  });
  afterAll(async () => {
    client?.dispose();
    await endAgent(home);
    execFileSync('umount', ['--lazy', home]);
    await rm(home, { recursive: true });
  });

  it('says so, goes on answering, and works again when there is space', async () => {
    const filler = join(home, 'filler');
    const { bavail, bsize } = await statfs(home);
    await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => undefined);
    const spec = `provider: existing\nname: far\naddress: http://127.0.0.1:9\n`;
    await expect(client.up(spec)).rejects.toMatchObject({ code: 'no_space', message: expect.stringMatching(/space/) });
    expect((await client.info()).name).toBe('bottega-agent');
    expect(await client.clusters()).toEqual([]);

    await rm(filler);
    expect(await client.up(spec)).toMatchObject({ name: 'far' });
  });
});
