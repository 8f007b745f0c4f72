// Stops the clusters of this person and the agent. Runs that go on are stopped with their cluster.
import { existsSync } from 'node:fs';

const { bringDown, sentenceOf } = await import('./cluster.mjs').catch(() => {
  console.error('Bottega is not set up here. Start it once with npm start.');
  return process.exit(1);
});
const { defaultHome } = await import('@bottega/client/node');

const home = defaultHome();
if (!existsSync(home)) {
  console.log('Nothing runs: Bottega was never started here.');
} else {
  try {
    const names = await bringDown(home);
    console.log(names.length ? `Stopped ${names.join(', ')} and the agent.` : 'No cluster was up; stopped the agent.');
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 1;
  }
}
