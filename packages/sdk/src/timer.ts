/** Runs `action` once after some milliseconds without keeping a process alive; the answer cancels it. */
export function after(milliseconds: number, action: () => void): () => void {
  const timer: unknown = setTimeout(action, milliseconds);
  // Browsers answer a number.
  (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer as ReturnType<typeof setTimeout>);
}

/** Resolves after some milliseconds. Keeps the process alive: somebody waits for it. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
