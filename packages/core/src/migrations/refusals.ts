import { CoordinationError } from '@agentcoord/contract';
import postgres from 'postgres';
import { refusalError, unavailable } from '../failure.ts';
import type { Migration } from './folder.ts';
import type { SchemaState } from './state.ts';

/** Why a database in this state must not be touched; undefined when it is current, or may be migrated now. */
export function refusalOf({ state, applied, known }: SchemaState, mayMigrate = true): CoordinationError | undefined {
  if (!mayMigrate && (state === 'empty' || state === 'behind')) {
    return new CoordinationError({
      code: 'conflict',
      message:
        state === 'empty'
          ? 'The schema is missing in the database.'
          : `The schema is behind: it is at version ${applied.at(-1)}, this agentcoord needs ${known.at(-1)}.`,
      hint: 'Nothing was changed. Run `agentcoord up`, or `supabase db push` as the owner of the database.',
    });
  }
  if (state === 'newer') {
    return new CoordinationError({
      code: 'conflict',
      message: `The database is at version ${applied.at(-1)}; this agentcoord knows ${known.at(-1) ?? 'none'}.`,
      hint: 'Nothing was changed. Upgrade this agentcoord to the version that migrated the database.',
    });
  }
  if (state === 'changed') {
    return new CoordinationError({
      code: 'conflict',
      message: 'A migration was applied to this database in another form than this agentcoord has it.',
      hint:
        'Nothing was changed. Use the agentcoord that made the database, or an empty database: until the first ' +
        'release the schema changes without upgrades.',
    });
  }
  return undefined;
}

/** What the caller of `migrate` is told about an error of the driver or of the database. */
export function errorOfMigration(
  cause: unknown,
  options: postgres.ParsedOptions,
  migration: Migration | undefined,
): CoordinationError {
  if (cause instanceof CoordinationError) return cause;
  const where = whereIs(options);
  if (!(cause instanceof postgres.PostgresError)) return unavailable(where, cause);
  if (cause.code === '42501') return mayNotMigrate(cause, options.user, options.database);
  if (cause.code === '55P03') return inUse(where, cause);
  const error = refusalError({ sqlstate: cause.code, message: cause.message }, where, cause);
  if (error.code === 'unavailable' || !migration) return error;
  return new CoordinationError(
    {
      code: 'internal',
      message: `Migration ${migration.version}_${migration.name} failed: ${cause.message}.`,
      hint: 'Nothing was changed. Unless somebody altered schema coord by hand, this is a defect: please report it.',
    },
    { cause },
  );
}

/** What errors call a database; holds no credentials. */
export function whereIs({ host, port, path, database }: postgres.ParsedOptions): string {
  return `Database ${database} at ${path || `${host[0]}:${port[0]}`}`;
}

function inUse(where: string, cause: postgres.PostgresError): CoordinationError {
  return new CoordinationError(
    {
      code: 'unavailable',
      message: `${where} could not be migrated: others hold what the migration needs.`,
      hint: 'Nothing was changed. Try again; if it repeats, end long transactions in that database.',
    },
    { cause },
  );
}

function mayNotMigrate(cause: postgres.PostgresError, user: string, database: string): CoordinationError {
  const [role, name] = [user, database].map((word) => `"${word.replaceAll('"', '""')}"`);
  return new CoordinationError(
    {
      code: 'forbidden',
      message: `Role ${role} may not migrate database ${name}: ${cause.message}.`,
      hint:
        'Migrate it once as its owner (`supabase db push --remote=<url>`, or start with the DATABASE_URL of the ' +
        `owner), then: grant coord_app to ${role}; or let the role do it: grant create on database ${name} to ` +
        `${role}; alter role ${role} createrole;`,
    },
    { cause },
  );
}
