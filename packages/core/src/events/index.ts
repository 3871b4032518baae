export { type Events, followEvents } from './follow.ts';
export type { Item, ItemPage } from './subscription.ts';
