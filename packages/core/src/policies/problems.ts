import { type DetailedError, inCedar } from './cedar.ts';
import type { Policies } from './files.ts';

/** What is wrong with a policy, and where. */
export interface PolicyProblem {
  policy: string;
  message: string;
  line: number | null;
  help: string | null;
}

/**
 * Cedar calls a validation successful that has found
 * errors, and one that could not read a text a failure: both are problems here. A policy that can never apply is one,
 * too, because whoever wrote it meant something else.
 */
export function findProblems(schema: string, policies: Policies): PolicyProblem[] {
  return Object.entries(policies).flatMap(([policy, text]) => {
    const answer = inCedar((cedar) => cedar.validate({ schema, policies: { staticPolicies: { [policy]: text } } }));
    const errors =
      answer.type === 'failure'
        ? answer.errors
        : [...answer.validationErrors, ...answer.validationWarnings].map(({ error }) => error);
    return errors.map((error) => problemOf(policy, text, error));
  });
}

function problemOf(policy: string, text: string, { message, help, sourceLocations }: DetailedError): PolicyProblem {
  const [place] = sourceLocations ?? [];
  const expected = place?.label ? `${message}: ${place.label}` : message;
  return {
    policy,
    message: expected
      .replace(/^for policy `[^`]*`, /, '')
      .replace(/^failed to parse policy with id `[^`]*` from string: /, ''),
    line: place ? lineAt(text, place.start) : null,
    help: help ?? null,
  };
}

/** The line of a place that Cedar counts in bytes of UTF-8; the first is 1. */
function lineAt(text: string, offset: number): number {
  return Buffer.from(text).subarray(0, offset).toString().split('\n').length;
}
