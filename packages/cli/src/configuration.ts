import { type Config, readConfig } from '@agentcoord/core';
import type { Globals } from './globals.ts';

/** The environment, with what the command line says instead. */
export function configOf({ project, agent }: Globals): Config {
  return readConfig({
    ...process.env,
    ...(project === undefined ? {} : { AGENT_PROJECT: project }),
    ...(agent === undefined ? {} : { AGENT_ID: agent }),
  });
}
