import { createRequire } from 'node:module';

/** Cedar, loaded when it is used: 5 MB that most processes never need. */
export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');
export type { DetailedError, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';

const require = createRequire(import.meta.url);
const name = '@cedar-policy/cedar-wasm/nodejs';

let instance: Cedar | undefined;

/**
 * Runs something in Cedar. What has made it fail in the middle has left its memory in an unknown state, which would harm
 * whoever comes next: that instance is never used again, and the next one starts from nothing.
 */
export function inCedar<Answer>(run: (cedar: Cedar) => Answer): Answer {
  instance ??= require(name) as Cedar;
  try {
    return run(instance);
  } catch (error) {
    if (isTrap(error)) {
      delete require.cache[require.resolve(name)];
      instance = undefined;
    }
    throw error;
  }
}

/** Out of its memory or its stack, or of that of JavaScript beneath it. */
function isTrap(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError');
}
