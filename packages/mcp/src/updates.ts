import { type CoordinationEvent, coordinatorOver, errorCodes, type Invoker } from '@agentcoord/contract';
import { errorOf, type Report } from './failure.ts';
import { resourcesAbout } from './resources.ts';

/** Milliseconds between two updates of one resource: whoever is told reads all of it anew. */
const gap = 500;

/** Milliseconds after which following is tried again where it could not begin. */
const retryAfter = 5000;

/**
 * Calls `update` with the address of each resource that may read otherwise now, until the returned function is called.
 * `end` is called when the caller may not follow any more, or has too many streams; without it, the latter is waited for.
 */
export function followResources(
  invoker: Invoker,
  update: (uri: string) => void,
  report: Report,
  end?: () => void,
): () => void {
  const stop = new AbortController();
  const pacers = new Map<string, () => void>();
  void (async () => {
    while (!stop.signal.aborted) {
      try {
        for await (const event of coordinatorOver(invoker).events({}, { signal: stop.signal })) {
          for (const uri of changedBy(event)) {
            const tell = pacers.get(uri) ?? paced(() => update(uri), stop.signal);
            pacers.set(uri, tell);
            tell();
          }
        }
      } catch (cause) {
        if (stop.signal.aborted) return;
        const { code, message } = errorOf(cause, report);
        const isRefused = code === 'unauthenticated' || code === 'forbidden';
        if (isRefused || (end && code === 'limit_exceeded')) {
          report(`No resource updates: ${message}`);
          return end?.();
        }
        await new Promise((resolve) => setTimeout(resolve, retryAfter).unref());
      }
    }
  })();
  return () => stop.abort();
}

/** What was refused has changed nothing. */
function changedBy({ outcome, subjects }: CoordinationEvent): string[] {
  return outcome in errorCodes ? [] : resourcesAbout(subjects);
}

/** Runs `action` at once, and while it is called again and again at most every so often; the last call counts. */
function paced(action: () => void, signal: AbortSignal): () => void {
  let state: 'idle' | 'resting' | 'wanted' = 'idle';
  const run = () => {
    if (signal.aborted) return;
    state = 'resting';
    action();
    setTimeout(() => {
      if (state === 'wanted') run();
      else state = 'idle';
    }, gap).unref();
  };
  return () => {
    if (state === 'idle') run();
    else state = 'wanted';
  };
}
