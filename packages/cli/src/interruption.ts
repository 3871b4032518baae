/** What shells answer for a command that Ctrl-C has ended. */
export const exitInterrupted = 130;

/** Aborts on Ctrl-C and its like, so that a call that waits ends in an orderly way. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
