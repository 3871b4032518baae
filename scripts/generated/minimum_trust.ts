import { operations } from '@agentcoord/contract';

/** Higher than any trust there is, so that an operation nobody declared is refused to everybody. */
const nobody = 5;

const header = `-- GENERATED from packages/contract by \`npm run fix\`; do not edit.
-- Least trust that may call an operation; ${nobody}, which nobody has, for names that are no operation.
-- Has no \`set search_path\` so that the planner can inline it; one jsonb constant is read faster than 20 cases.
`;

/** The SQL function that tells the frame what each definition says. */
export function minimumTrustSql(): string {
  const trust = operations.map(({ name, minimumTrust }) => `"${name}": ${minimumTrust}`);
  return `${header}create function coord._minimum_trust(p_operation text) returns smallint
language sql immutable parallel safe
as $$
  select coalesce(('{
    ${trust.join(',\n    ')}
  }'::jsonb ->> p_operation)::smallint, ${nobody}::smallint);
$$;
`;
}
