export { Home } from './home.js';
export { isAnswering } from './first-agent.js';
export { HomeLock } from './lock.js';
export { removeAddress, writeAddress, writePrivately } from './address.js';
