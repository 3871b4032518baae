-- The verdict on what core has found, for the trust of this caller: a rule that the caller may bypass only warns. The
-- heaviest of the others decides. Trust is decided here and not in core, which does not know it.
create function coord._judged(p_call coord._call, p_computed jsonb) returns jsonb
language sql stable
as $$
  with
  caller as (select coord._trust(p_call) as trust),
  violations as (
    select v.violation || jsonb_build_object('bypassed', w.bypassed) as violation, v.place, w.bypassed,
      case when w.bypassed then least(w.weight, 1) else w.weight end as weight
    from caller c
    cross join lateral jsonb_array_elements(p_computed -> 'violations') with ordinality v(violation, place)
    cross join lateral (select
      coalesce(c.trust >= (v.violation ->> 'bypass_trust')::smallint, false) as bypassed,
      array_position('{log,warn,needs_approval,block}', v.violation ->> 'severity') - 1 as weight) w)
  select jsonb_build_object(
    'safe', coalesce(max(v.weight), 0) < 2,
    'verdict', ('{allow,warn,needs_approval,block}'::text[])[coalesce(max(v.weight), 0) + 1],
    'violations', coalesce(jsonb_agg(v.violation order by v.weight desc, v.place), '[]'),
    'rules_version', p_computed ->> 'rules_version')
  from violations v;
$$;
