export { cedarEngine } from './engine.ts';
export {
  checkPolicy,
  deleteCedarPolicy,
  rollbackCedarPolicies,
  setCedarPolicy,
  validateCedarPolicy,
} from './handlers.ts';
