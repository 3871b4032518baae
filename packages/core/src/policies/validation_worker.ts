import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CoordinationError } from '@agentcoord/contract';
import type { Policies } from './files.ts';
import type { PolicyProblem } from './problems.ts';

/** Milliseconds to start, for one validation, and without one after which the thread ends. */
const [startWithin, within, idleAfter] = [30_000, 3000, 10_000];

/** Less than other threads have, so that what is understood there is understood everywhere. */
const resourceLimits = { stackSizeMb: 0.5, maxOldGenerationSizeMb: 256 };

/** Sources are run as they are, and compiled ones beside them have the other ending. */
const source = new URL(`./validation_thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** A thread that validates, started when it is needed; one that has failed is never used again. */
export class ValidationThread {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** Undefined when the policies were too much for it. One call at a time. */
  async validate(schema: string, policies: Policies): Promise<PolicyProblem[] | undefined> {
    clearTimeout(this.#idle);
    this.#worker ??= await started();
    const worker = this.#worker;
    worker.ref();
    worker.postMessage({ schema, policies });
    const answer = await answerOf(worker);
    if (answer) {
      worker.unref();
      this.#idle = setTimeout(() => this.#end(), idleAfter).unref();
    } else this.#end();
    return answer;
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** The answer to what was posted; undefined for none. */
function answerOf(worker: Worker): Promise<PolicyProblem[] | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(undefined), within);
    const fail = () => finish(undefined);
    const finish = (answer: PolicyProblem[] | undefined) => {
      clearTimeout(timer);
      worker.off('message', finish).off('exit', fail);
      resolve(answer);
    };
    worker.on('message', finish).on('exit', fail);
  });
}

/** A thread that has loaded Cedar. */
async function started(): Promise<Worker> {
  const worker = new Worker(source, { resourceLimits });
  // What it fails with is told by its end.
  worker.on('error', () => {});
  const [ready] = await Promise.race([
    once(worker, 'message', { signal: AbortSignal.timeout(startWithin) }).catch(() => []),
    once(worker, 'exit').then(() => []),
  ]);
  if (ready === 'ready') return worker;
  void worker.terminate();
  throw new CoordinationError({
    code: 'unavailable',
    message: 'Policies cannot be validated now.',
    hint: 'Try again in a moment.',
  });
}
