import { afterAll, beforeAll, expect, test } from 'vitest';
import { Workplace } from '../cluster/workplace.ts';
import { Random } from './random.ts';
import { playRound, prepare } from './round.ts';
import { victims } from './victims.ts';

const random = new Random(4);
let workplace: Workplace;

beforeAll(async () => {
  workplace = await Workplace.make();
  await prepare(workplace);
});
afterAll(() => workplace?.end());

test.each(victims)(
  'whoever kills the %s: no run is lost, doubled or misreported',
  async victim => {
    expect(await playRound(workplace, victim, random)).toEqual({ faults: [], hasKilled: true });
  },
  240_000
);
