-- What agents may reach before anybody has said anything: where code and packages come from. For all projects; an
-- administrator of the machine may change or delete each.
insert into coord.network_rules (project_id, rule, action, pattern, kind, name, network, specificity, priority, set_by)
select 0, r.rule, 'allow', r.pattern, p.kind, p.name, p.network, p.specificity, 50, 'agentcoord'
from (values
  ('github', 'github.com'), ('github-subdomains', '*.github.com'), ('github-api', 'api.github.com'),
  ('github-raw', 'raw.githubusercontent.com'), ('npm', 'registry.npmjs.org'), ('pypi', 'pypi.org'),
  ('pypi-files', 'files.pythonhosted.org'), ('supabase', '*.supabase.co')
) r(rule, pattern)
cross join lateral coord._network_pattern(r.pattern) p;
