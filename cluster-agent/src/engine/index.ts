export { Engine } from './engine.js';
export {
  engineSettings,
  RayJobStarter,
  type EngineStart,
  type EngineStarter,
  type EngineStop
} from './engine-starter.js';
