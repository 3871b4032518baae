import type { Operation } from '@agentcoord/contract';

/** Name under which the journal has an operation: classic ones are other names. */
export function journalledAs({ name, standsFor = name }: Pick<Operation, 'name' | 'standsFor'>): string {
  return standsFor;
}
