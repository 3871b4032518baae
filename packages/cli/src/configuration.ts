import { CoordinationError } from '@agentcoord/contract';
import { type Config, readConfig } from '@agentcoord/core';
import type { Globals } from './globals.ts';

/** The environment, with what the command line says instead. */
export function configOf({ project, agent }: Globals): Config {
  const config = readConfig({
    ...process.env,
    ...(project === undefined ? {} : { AGENT_PROJECT: project }),
    ...(agent === undefined ? {} : { AGENT_ID: agent }),
  });
  if (config.url && project !== undefined) throw saidByKey('--project', 'in which project you work');
  if (config.url && agent !== undefined) throw saidByKey('--agent', 'who you are');
  return config;
}

/** To ignore the flag would let its user act as somebody else than they think. */
function saidByKey(flag: string, what: string): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `${flag}: has no effect with AGENTCOORD_URL, where the key says ${what}.`,
    hint: `Leave ${flag} out, or set AGENTCOORD_API_KEY to another key.`,
  });
}
