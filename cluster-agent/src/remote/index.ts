export { Remote, type Answer, type RequestOptions } from './remote.js';
