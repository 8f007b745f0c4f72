export { Stream, type StreamOptions } from './stream.js';
