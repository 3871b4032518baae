import type { z } from 'zod';
import type { Catalogue } from './catalogue.ts';
import { operations } from './catalogue.ts';
import type { EventInput, EventOptions, EventPage } from './events.ts';
import { type EventStream, polled, resuming } from './following.ts';
import type { Operation } from './operation.ts';

/** What a call may say beside its input. */
export interface CallOptions {
  /** Same key and same input: one effect and the same answer, for 48 hours. */
  idempotency_key?: string;
  /** Ends a call that waits (`wait_seconds`); it then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Carries calls to the database, in process or over the network. Throws `CoordinationError`. */
export interface Invoker {
  invoke(operation: Operation, input: unknown, options?: CallOptions): Promise<unknown>;
  /** Pages of events until they are not wanted any more, or the stream breaks; left out where there is no stream. */
  events?(input: EventInput, options?: EventOptions): AsyncIterable<EventPage>;
}

/** An `Invoker` that can speak for more than one session. */
export interface Transport {
  invoke(
    operation: Operation,
    input: unknown,
    options?: CallOptions & { session_id?: string | undefined },
  ): Promise<unknown>;
  events?(input: EventInput, options?: EventOptions & { session_id?: string | undefined }): AsyncIterable<EventPage>;
  close(): Promise<void>;
}

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type Definitions = Catalogue[keyof Catalogue];

/** One method an operation, derived from the catalogue: `coordinator.acquireLock({ paths: ['a.ts'] })`. */
export type Coordinator = {
  [Definition in Definitions as CamelCase<Definition['name']>]: Record<string, never> extends z.input<
    Definition['input']
  >
    ? (input?: z.input<Definition['input']>, options?: CallOptions) => Promise<z.output<Definition['output']>>
    : (input: z.input<Definition['input']>, options?: CallOptions) => Promise<z.output<Definition['output']>>;
} & {
  /**
   * What happens in the project, in the order of commits: `for await (const event of coordinator.events())`. Begins now,
   * or at `after`. Goes on by itself when the connection breaks; nothing is lost, and nothing comes twice.
   */
  events(input?: EventInput, options?: EventOptions): EventStream;
};

/** `acquire_lock` → `acquireLock`. */
export function methodName(operation: string): string {
  return operation.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The typed methods over anything that can invoke. */
export function coordinatorOver(invoker: Invoker): Coordinator {
  const methods = operations.map((operation) => [
    methodName(operation.name),
    (input: unknown = {}, options?: CallOptions) => invoker.invoke(operation, input, options),
  ]);
  const open = invoker.events
    ? (input: EventInput, options: EventOptions) => (invoker as Required<Invoker>).events(input, options)
    : (input: EventInput, options: EventOptions) => polled(invoker, input, options);
  const events = (input: EventInput = {}, options?: EventOptions) => resuming(open, input, options);
  return { ...Object.fromEntries(methods), events } as Coordinator;
}
