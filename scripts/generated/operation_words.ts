import { operations } from '@agentcoord/contract';

const header = `-- GENERATED from packages/contract by \`npm run fix\`; do not edit.
-- By the name of each operation, the words by which scopes of keys and lists of profiles may mean it: the operation
-- itself, its toolset, and read or write. Operations under another name are left out: they are what they stand for.
`;

/** The SQL function by which the frame knows what a word in a scope or a profile means. */
export function operationWordsSql(): string {
  const known = operations.filter(({ standsFor }) => standsFor === undefined);
  const words = known.map(({ name, toolset, kind }) => `"${name}": ["${name}", "${toolset}", "${kind}"]`);
  return `${header}create function coord._operation_words() returns jsonb
language sql immutable parallel safe
as $$
  select '{
    ${words.join(',\n    ')}
  }'::jsonb;
$$;
`;
}
