import type { Handler } from '../handlers.ts';
import { parseTarget } from './target.ts';

/** Reads the host out of what the caller gave; the database decides about it. */
export const checkNetwork: Handler = ({ input, store }) => store({ ...parseTarget(input.host as string) });

/** Gives the pattern its one form, as a host has it, so that the two can be compared. */
export const setNetworkRule: Handler = ({ input, store }) => store({ pattern: patternOf(input.pattern as string) });

/** `*.GitHub.com.` becomes `*.github.com`; what is no pattern stays as it is, for the database to refuse. */
function patternOf(text: string): string {
  if (text === '*') return text;
  const [, wildcard = '', host = '', mask = ''] = /^(\*\.)?(.*?)(\/\d{1,3})?$/s.exec(text) ?? [];
  // A pattern is a host and nothing else: a path, a port or a user says more than a rule can hold.
  if (/[/?#@*]/.test(host) || /^[^:]*:\d+$/.test(host)) return text;
  const target = parseTarget(host);
  return 'problem' in target ? text : `${wildcard}${target.host}${mask}`;
}
