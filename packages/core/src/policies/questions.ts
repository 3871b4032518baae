import { type Operation, operationNamed } from '@agentcoord/contract';

/** An operation and the input with which it would be called. */
export interface Question {
  operation: Operation;
  input: () => Record<string, unknown>;
}

/** A policy about an operation is about it under every name, with the input as that one has it. */
export function meantBy({ operation, input }: Question): Question {
  const meant = operation.standsFor === undefined ? undefined : operationNamed(operation.standsFor);
  if (!meant) return { operation, input };
  const mean = operation.meaning ?? ((given: Record<string, unknown>) => given);
  return { operation: meant, input: () => withDefaults(meant, mean(input())) };
}

/** What a call leads to beyond itself: a batch to calls of its one, a task with paths to locks on them. */
export function ledToBy({ operation, input }: Question): Question[] {
  const steps = operation.leadsTo?.(input()) ?? [];
  return steps.flatMap((step) => {
    const led = operationNamed(step.operation);
    if (!led) return [];
    const question = { operation: led, input: () => step.input };
    return [question, ...ledToBy(question)];
  });
}

function withDefaults({ input }: Operation, given: Record<string, unknown>): Record<string, unknown> {
  const filled = Object.entries(input.shape).map(([field, schema]) => {
    const value = given[field] ?? undefined;
    return [field, value === undefined ? schema.safeParse(undefined).data : value];
  });
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}
