export { Engine } from './engine.js';
export { RayJobStarter, type EngineStart, type EngineStarter, type EngineStop } from './engine-starter.js';
