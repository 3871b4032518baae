import { errorCodes, type Operation, toolsets } from '@agentcoord/contract';

const worthRepeating = Object.entries(errorCodes)
  .filter(([, { retryable }]) => retryable)
  .map(([code]) => `\`${code}\``)
  .join(' and ');

const opening =
  'Other agents work on this repository at the same time as you. These tools keep you from undoing each other. ' +
  'They see only what is told them, so the following is not optional.';

const closing =
  'An answer that says no is normal. An error has `code`, `message` and `hint`: do what the hint says. Only ' +
  `${worthRepeating} are worth repeating unchanged.`;

/** What a model that has never heard of this server must know, for the toolsets it has; hosts cut it at 2 KB. */
export function instructionsFor(operations: readonly Operation[]): string {
  const present = new Set<string>(operations.map(({ toolset }) => toolset));
  const rules = Object.entries(toolsets).flatMap(([name, toolset]) =>
    present.has(name) && 'rule' in toolset ? [toolset.rule] : [],
  );
  return [opening, ...rules, closing].join('\n\n');
}
