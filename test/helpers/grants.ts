import { operationNamed } from '@agentcoord/contract';
import type postgres from 'postgres';

const roles = ['public', 'coord_app', 'coord_reader', 'anon', 'authenticated', 'service_role'];

/** How to ask whether a role has a right to one kind of object, and where the objects are. */
const kinds = [
  {
    kind: 'schema',
    objects: `select oid, nspname as name from pg_namespace where nspname = 'coord'`,
    rights: ['usage', 'create'],
    has: 'has_schema_privilege',
  },
  {
    kind: 'table',
    objects: `select oid, relname as name from pg_class where relnamespace = 'coord'::regnamespace and relkind in ('r','p','v','m','f')`,
    rights: ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'],
    has: 'has_table_privilege',
  },
  {
    kind: 'sequence',
    objects: `select oid, relname as name from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'S'`,
    rights: ['usage', 'select', 'update'],
    has: 'has_sequence_privilege',
  },
  {
    kind: 'function',
    objects: `select oid, proname as name from pg_proc where pronamespace = 'coord'::regnamespace`,
    rights: ['execute'],
    has: 'has_function_privilege',
  },
  {
    // The row types of tables follow their tables.
    kind: 'type',
    objects: `select t.oid, typname as name from pg_type t left join pg_class c on c.oid = t.typrelid
      where typnamespace = 'coord'::regnamespace and typelem = 0 and coalesce(c.relkind, 'c') = 'c'`,
    rights: ['usage'],
    has: 'has_type_privilege',
  },
];

/** A line an object of schema `coord`: which role has which right to it, by itself, as a member or as anybody. */
export async function grantsOf(sql: postgres.Sql): Promise<string> {
  const lines: string[] = [];
  for (const { kind, objects, rights, has } of kinds) {
    const rows = await sql.unsafe<{ name: string; grants: string | null }[]>(`
      select o.name, (
        select string_agg(r.role || ': ' || r.rights, ', ' order by r.place)
        from (
          select role, role.place, string_agg(rights.name, ' ' order by rights.place) as rights
          from ${ordered(roles)} role(role, place), ${ordered(rights)} rights(name, place)
          where ${has}(role, o.oid, rights.name) group by role, role.place
        ) r) as grants
      from (${objects}) o order by o.name collate "C"`);
    const shown = rows.map(
      ({ name, grants }) => `${`${kind} ${groupOf(kind, name, grants)}`.padEnd(36)} ${grants ?? '-'}`,
    );
    lines.push(...new Set(shown));
  }
  const rest = [columnGrantsOf(sql), policiesOf(sql), defaultsOf(sql), rolesOf(sql)];
  return `${[...lines, ...(await Promise.all(rest)).flat()].join('\n')}\n`;
}

/** One line for all operations and one for all private functions, so that a new one adds none unless its rights differ. */
function groupOf(kind: string, name: string, grants: string | null): string {
  if (kind !== 'function') return name;
  if (operationNamed(name)) return '<operation>';
  return name.startsWith('_') && grants === null ? '_<private>' : name;
}

/**
 * Columns to which somebody has a right that he does not have to the table. Those of the system (`ctid`, `xmin`), which
 * come with a right to the table alone, would be listed, too.
 */
async function columnGrantsOf(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(`
    select rpad('columns of ' || c.name, 36) || ' ' || string_agg(c.role || ': ' || c.rights, ', ' order by c.place)
      || case when c.columns = c.all_columns then ' (each)' else ' (' || c.columns || ')' end as line
    from (
      select c.relname as name, role, place, rights,
        string_agg(a.attname, ' ' order by a.attname collate "C") filter (
          where has_column_privilege(role, c.oid, a.attnum, rights)) as columns,
        string_agg(a.attname, ' ' order by a.attname collate "C") filter (where a.attnum > 0) as all_columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped,
        ${ordered(roles)} r(role, place), unnest(array['select', 'insert', 'update', 'references']) rights
      where c.relnamespace = 'coord'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and not has_table_privilege(role, c.oid, rights)
      group by c.relname, role, place, rights) c
    where c.columns is not null
    group by c.name, c.columns, c.all_columns order by c.name collate "C", c.columns collate "C"`);
  return rows.map(({ line }) => line);
}

const ordered = (items: string[]) => `unnest(array[${items.map((item) => `'${item}'`).join()}]) with ordinality`;

const linesOf = async (sql: postgres.Sql, query: string) =>
  (await sql.unsafe<{ line: string }[]>(query)).map(({ line }) => line.replaceAll(/\s+/g, ' '));

/** Which rows those see who may read a table. A table without one shows none, whoever has a right to it. */
function policiesOf(sql: postgres.Sql): Promise<string[]> {
  return linesOf(
    sql,
    `select format('policy %s.%s for %s to %s using %s check %s', c.relname, p.polname, p.polcmd,
      (select string_agg(case r when 0 then 'public' else r::regrole::text end, ', ') from unnest(p.polroles) r),
      pg_get_expr(p.polqual, p.polrelid), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-')) as line
    from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'coord'::regnamespace order by c.relname collate "C", p.polname collate "C"`,
  );
}

/** What new objects of the owner are granted, before anybody thinks of them. */
function defaultsOf(sql: postgres.Sql): Promise<string[]> {
  return linesOf(
    sql,
    `select format('default for new %s of %s: %s', d.defaclobjtype, d.defaclrole::regrole, coalesce((
      select string_agg(format('%s %s', case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
        a.privilege_type), ', ' order by a.grantee::regrole::text, a.privilege_type)
      from aclexplode(d.defaclacl) a), 'nothing')) as line
    from pg_default_acl d where d.defaclrole = 'coord_owner'::regrole order by 1`,
  );
}

/** What our roles may beside their grants, and whose rights they have. */
function rolesOf(sql: postgres.Sql): Promise<string[]> {
  return linesOf(
    sql,
    `select format('role %s %s member of %s', r.rolname,
      concat_ws(' ', case when r.rolsuper then 'superuser' end, case when r.rolcanlogin then 'login' end,
        case when r.rolbypassrls then 'bypassrls' end, case when r.rolcreaterole then 'createrole' end,
        case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end),
      coalesce((select string_agg(m.roleid::regrole::text, ', ' order by m.roleid::regrole::text)
        from pg_auth_members m where m.member = r.oid), 'nothing')) as line
    from pg_roles r where r.rolname in ('coord_owner', 'coord_app', 'coord_reader', 'anon', 'authenticated',
      'service_role') order by r.rolname collate "C"`,
  );
}
