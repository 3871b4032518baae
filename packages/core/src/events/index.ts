export { type Events, followEvents, pagesOf } from './follow.ts';
export type { Item, ItemPage } from './subscription.ts';
