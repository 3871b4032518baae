export { checkNetwork, setNetworkRule } from './handlers.ts';
export { parseTarget, type Target } from './target.ts';
