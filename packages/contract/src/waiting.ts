import { operationNamed } from './catalogue.ts';
import type { Operation } from './operation.ts';

/** An answer that opens with a participle (`acquired`, `claimed`, `released`) says no with it. */
export function isRefusal(operation: Operation, answer: unknown): boolean {
  const [first = ''] = Object.keys(operation.output.shape);
  return (answer as Record<string, unknown> | null)?.[first] === false;
}

/** True when what was asked for is not so, or was not done: also for an approval that was decided, and denied. */
export function saysNo(operation: Operation, answer: Record<string, unknown>): boolean {
  return isRefusal(operation, answer) || operation.declines?.(answer) === true;
}

/** True when to wait on can bring nothing better: the answer is a yes, or whom it waits for waits for it (`deadlock`). */
export function endsWaiting(operation: Operation, answer: unknown): boolean {
  return !isRefusal(operation, answer) || (answer as { deadlock?: unknown }).deadlock === true;
}

/** How many stand before the caller in a queue, when the answer tells its `position`. */
export function numberAhead(answer: unknown): number {
  const { position } = (answer ?? {}) as { position?: unknown };
  return typeof position === 'number' ? Math.max(0, position - 1) : 0;
}

/** True when the call asks to wait, so that its answer may take longer than that of others. */
export function wantsToWait(operation: Operation, input: unknown): input is { wait_seconds: number } {
  if (!Object.hasOwn(operation.input.shape, 'wait_seconds')) return false;
  const { wait_seconds = 0 } = (input ?? {}) as { wait_seconds?: unknown };
  return typeof wait_seconds === 'number' && wait_seconds > 0;
}

/** What a call that waits asks after this first answer; undefined when it asks the same again. */
export function continuationOf(
  operation: Operation,
  answer: unknown,
): { operation: Operation; input: Record<string, unknown> } | undefined {
  if (!operation.waitsWith) return undefined;
  const { operation: name, field } = operation.waitsWith;
  return {
    operation: operationNamed(name) as Operation,
    input: { [field]: (answer as Record<string, unknown>)[field] },
  };
}
