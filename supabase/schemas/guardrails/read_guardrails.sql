-- The rules of a project and their version, for core, which keeps them for a few seconds. One statement: both are of
-- the same moment.
create function coord.read_guardrails(p_project_id integer) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'version', coalesce((select v.version from coord.guardrail_versions v where v.project_id = p_project_id), 0),
    'rules', coalesce((
      select jsonb_agg(jsonb_build_object('rule', r.rule, 'pattern', r.pattern, 'category', r.category,
        'severity', r.severity, 'bypass_trust', r.bypass_trust, 'message', r.message, 'advice', r.advice) order by r.rule)
      from coord.guardrail_rules r where r.project_id = p_project_id), '[]'));
$$;

grant execute on function coord.read_guardrails to coord_app;
