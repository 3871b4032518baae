import { type Coordinator, type Invoker, methodName } from '@agentcoord/contract';

/** The operations of a coordinator, asked for as doors do. */
export function coordinatorInvoker(coordinator: Coordinator): Invoker {
  return {
    invoke: ({ name }, input, options) => {
      const method = coordinator[methodName(name) as keyof Coordinator] as (...call: unknown[]) => Promise<unknown>;
      return method(input, options);
    },
  };
}
