import type { CoordinationEvent, EventInput } from '@agentcoord/contract';

/** Which events somebody wants, as `list_events` takes it. */
export type EventFilter = Omit<EventInput, 'after'>;

/** True when everything that the filter says is so; the same as in coord._read_events. */
export function isWanted(event: CoordinationEvent, filter: EventFilter): boolean {
  const { subject, agent, operation, task_id, session_id } = filter;
  return (
    (agent === undefined || event.agent === agent) &&
    (operation === undefined || event.operation === operation) &&
    (session_id === undefined || event.session_id === session_id) &&
    (task_id === undefined || event.subjects[0] === `task:${task_id}`) &&
    (subject === undefined || event.subjects.some((name) => name.startsWith(subject)))
  );
}
