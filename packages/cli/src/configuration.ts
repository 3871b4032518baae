import { CoordinationError } from '@agentcoord/contract';
import { type Config, readConfig } from '@agentcoord/core';
import type { Globals } from './globals.ts';

/** The environment, with what the command line says instead. */
export function configOf({ project, agent }: Globals): Config {
  for (const [flag, value] of [['--project', project] as const, ['--agent', agent] as const]) {
    if (value?.trim() === '') throw empty(flag);
  }
  const config = readConfig({
    ...process.env,
    ...(project === undefined ? {} : { AGENT_PROJECT: project }),
    ...(agent === undefined ? {} : { AGENT_ID: agent }),
  });
  if (config.url && project !== undefined) throw saidByKey('--project', 'in which project you work');
  if (config.url && agent !== undefined) throw saidByKey('--agent', 'who you are');
  return config;
}

/** What an unset variable leaves behind: to go on would be to act as somebody else. */
function empty(flag: string): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `${flag}: is empty`,
    hint: `Name one, or leave ${flag} out; a variable of your shell may be unset.`,
  });
}

/** To ignore the flag would let its user act as somebody else than they think. */
function saidByKey(flag: string, what: string): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `${flag}: has no effect with AGENTCOORD_URL, where the key says ${what}.`,
    hint: `Leave ${flag} out, or set AGENTCOORD_API_KEY to another key.`,
  });
}
