import { CoordinationError } from '@agentcoord/contract';

/** What `up` and `down` say when the coordinator is another machine's. */
export function elsewhere(url: string, verb: 'start' | 'stop'): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `AGENTCOORD_URL says that the coordinator is ${url}, so there is nothing to ${verb} here.`,
    hint: `Unset AGENTCOORD_URL to ${verb} the one of this machine.`,
  });
}

/** What somebody has to know whose key is of another project than the folder. */
export function otherProject(ofKey: string, here: string): string | undefined {
  if (ofKey === here || here.startsWith('local/')) return undefined;
  return `The key is of ${ofKey}, this folder of ${here}: who works here with a key of ${here} does not meet you.`;
}
