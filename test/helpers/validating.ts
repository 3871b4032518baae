import type { Invoker, Operation } from '@agentcoord/contract';
import { expect } from 'vitest';

/** Passes calls on and fails when an answer is not exactly what its definition declares. */
export function validating(invoker: Invoker): Invoker {
  return {
    async invoke(operation: Operation, input, options) {
      const answer = await invoker.invoke(operation, input, options);
      // Zod drops fields that the definition does not know, so the comparison finds them.
      expect(answer, `${operation.name} answers what it declares`).toEqual(operation.output.parse(answer));
      return answer;
    },
  };
}
