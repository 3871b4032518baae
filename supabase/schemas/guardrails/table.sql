-- Rules of a project: its own, with a pattern, and built-in ones that it has made lighter or heavier, without.
create table coord.guardrail_rules (
  project_id integer not null,
  rule text not null,
  pattern text,
  category text not null,
  severity text not null check (severity in ('log', 'warn', 'needs_approval', 'block')),
  bypass_trust smallint check (bypass_trust between 0 and 4),
  message text,
  advice text,
  set_by text not null,
  set_at timestamptz not null default clock_timestamp(),
  primary key (project_id, rule)
);

-- How often the rules of a project were changed. Its row is locked by each change, so versions follow one another.
create table coord.guardrail_versions (
  project_id integer not null primary key,
  version integer not null
);

-- What fell under a rule, with the part that did, shortened and without secrets. Kept for 90 days, see _record_violations.
create table coord.guardrail_violations (
  project_id integer not null,
  violation_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  session_id uuid not null,
  agent text not null,
  operation text not null,
  rule text not null,
  category text not null,
  severity text not null,
  bypassed boolean not null,
  verdict text not null,
  matched_text text not null,
  rules_version text not null,
  primary key (project_id, violation_id)
);
create index guardrail_violations_by_time on coord.guardrail_violations (project_id, at);

alter table coord.guardrail_rules enable row level security;
alter table coord.guardrail_versions enable row level security;
alter table coord.guardrail_violations enable row level security;
-- How a project is guarded, and what was tried, is for those who work in it.
create policy readers on coord.guardrail_rules for select
using (project_id in (select coord._member_projects()));
create policy readers on coord.guardrail_violations for select
using (project_id in (select coord._member_projects()));
grant select on coord.guardrail_rules, coord.guardrail_violations to coord_reader;
