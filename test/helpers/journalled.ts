import type { Operation } from '@agentcoord/contract';

/** Classic operations are other names of these. */
const classics: Record<string, string> = {
  register_agent: 'register_session',
  create_task: 'submit_work',
  get_next_task: 'get_work',
  complete_task: 'complete_work',
};

/** Name under which the journal has an operation. */
export function journalledAs({ name }: Pick<Operation, 'name'>): string {
  return classics[name] ?? name;
}
