import { BottegaError } from '@bottega/client';
import { API_VERSION } from '@bottega/schema/version';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentStatus } from './agent-status.js';
import type { ServerInfo } from './server-info.js';

const info: ServerInfo = { server_version: '0.1.0', api_version: API_VERSION, root: '/home/ada', agent: null };
const away = new BottegaError({ code: 'agent_unreachable', message: 'The agent does not answer.' });

describe('AgentStatus', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks again until the agent answers', async () => {
    const ask = vi
      .fn<() => Promise<ServerInfo>>()
      .mockRejectedValueOnce(away)
      .mockRejectedValueOnce(away)
      .mockResolvedValue(info);
    const status = new AgentStatus(ask);
    await status.check();
    expect(status.state).toMatchObject({ kind: 'failed', error: away });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(status.state).toMatchObject({ kind: 'ready', info });
    expect(ask).toHaveBeenCalledTimes(3);
    status.dispose();
  });

  it('leaves what waiting cannot heal to the person', async () => {
    const mismatch = new BottegaError({ code: 'version_mismatch', message: 'Two versions.' });
    const ask = vi.fn<() => Promise<ServerInfo>>().mockRejectedValue(mismatch);
    const status = new AgentStatus(ask);
    await status.check();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(ask).toHaveBeenCalledTimes(1);
    status.dispose();
  });

  it('asks once for several callers', async () => {
    const ask = vi.fn<() => Promise<ServerInfo>>().mockResolvedValue(info);
    const status = new AgentStatus(ask);
    await Promise.all([status.check(), status.check()]);
    expect(ask).toHaveBeenCalledTimes(1);
  });
});
