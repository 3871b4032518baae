import { operationNamed } from '@agentcoord/contract';

/** The seconds a call grants: the value given, or the default of the definition. */
export function secondsOf(operation: string, field: string, given: number | undefined): number {
  return Number(operationNamed(operation)?.input.shape[field]?.parse(given));
}
