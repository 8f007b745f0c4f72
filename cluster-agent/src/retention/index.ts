export { Retention } from './retention.js';
export { begunFrom } from './begun-from.js';
