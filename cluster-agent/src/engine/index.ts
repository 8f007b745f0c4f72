export { Engine } from './engine.js';
export { EngineStarter, type EngineStarterOptions, type EngineStart } from './engine-starter.js';
