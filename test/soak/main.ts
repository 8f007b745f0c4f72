// Kills parts of the product at random moments, 200 times: `npm run soak`, `npm run soak -- 20 4711` for rounds and seed.
import { Workplace } from '../cluster/workplace.ts';
import { Random } from './random.ts';
import { playRound, prepare } from './round.ts';
import { victims } from './victims.ts';

const [rounds = 200, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
console.log(`${rounds} rounds with seed ${seed}`);
const random = new Random(seed);
const workplace = await Workplace.make();
let bad = 0;
try {
  await prepare(workplace);
  for (let round = 1; round <= rounds; round += 1) {
    const victim = victims[random.below(victims.length)] ?? 'rank';
    const started = performance.now();
    const { faults, hasKilled } = await playRound(workplace, victim, random).catch((error: unknown) => ({
      faults: [String(error)],
      hasKilled: true
    }));
    bad += faults.length ? 1 : 0;
    const what = hasKilled ? victim : `no ${victim}`;
    console.log(`${round}/${rounds} ${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    for (const fault of faults) console.log(`  ✗ ${fault}`);
  }
} finally {
  await workplace.end();
}
console.log(`${rounds - bad} rounds well, ${bad} not (seed ${seed})`);
process.exitCode = bad ? 1 : 0;
