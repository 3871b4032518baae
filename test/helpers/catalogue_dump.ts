import type postgres from 'postgres';

/** Everything schema `coord` consists of, a line an object, as Postgres itself describes it. */
export async function dumpCatalogue(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql.unsafe<{ line: string }[]>(`${queries.join('\nunion all\n')} order by line`);
  return rows.map(({ line }) => line);
}

const inCoord = "= 'coord'::regnamespace";

const queries = [
  `select format('schema %s %s', nspowner::regrole, nspacl) as line from pg_namespace where nspname = 'coord'`,
  `select format('relation %s %s %s %s rls=%s forced=%s %s', relkind, oid::regclass, relowner::regrole, relacl,
     relrowsecurity, relforcerowsecurity, reloptions)
   from pg_class where relnamespace ${inCoord}`,
  `select format('column %s.%s %s null=%s default=%s identity=%s %s', c.oid::regclass, a.attname,
     format_type(a.atttypid, a.atttypmod), not a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attacl)
   from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relnamespace ${inCoord}`,
  `select format('index %s', indexdef) from pg_indexes where schemaname = 'coord'`,
  `select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
   from pg_constraint where connamespace ${inCoord}`,
  `select format('policy %s.%s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check)
   from pg_policies where schemaname = 'coord'`,
  `select format('trigger %s', pg_get_triggerdef(t.oid))
   from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace ${inCoord} and not t.tgisinternal`,
  `select format('function %s %s %s', proowner::regrole, proacl, pg_get_functiondef(oid))
   from pg_proc where pronamespace ${inCoord} and prokind <> 'a'`,
  `select format('type %s %s %s', typtype, oid::regtype, typowner::regrole) from pg_type where typnamespace ${inCoord}`,
  `select format('default privilege %s %s %s %s', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype,
     defaclacl) from pg_default_acl where defaclrole = 'coord_owner'::regrole`,
  `select format('comment %s', description) from pg_description d join pg_class c on c.oid = d.objoid
   where c.relnamespace ${inCoord}`,
];
