import { withoutSecrets } from '@agentcoord/contract';

/** The path of an address as it may be logged and answered: without query, and without what is secret in it. */
export function pathOf(url: string): string {
  return withoutSecrets(url.split('?', 1)[0] ?? '');
}
