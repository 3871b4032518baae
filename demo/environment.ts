import { fileURLToPath } from 'node:url';
import { variables } from '@agentcoord/core';

/** The repository that this demo is part of. */
export const repository = fileURLToPath(new URL('..', import.meta.url));

/** The `agentcoord` command. */
export const command = fileURLToPath(new URL('../packages/cli/bin/agentcoord.js', import.meta.url));

/** The environment of this process without the user's own coordinator, which the demo must not touch. */
export function neutralEnvironment(): Record<string, string> {
  const own = new Set<string>(Object.values(variables).flatMap(({ names }) => [...names]));
  const entries = Object.entries(process.env).filter(([name, value]) => value !== undefined && !own.has(name));
  return Object.fromEntries(entries) as Record<string, string>;
}
