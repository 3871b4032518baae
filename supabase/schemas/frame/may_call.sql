-- Whether the caller may call an operation at all: {}, or the error that the call is answered with, journalled as its
-- refusal. Asked before core does something costly for it; the operation itself decides once more.
create function coord.may_call(p_caller jsonb, p_operation text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_call coord._call := coord._enter(p_caller - 'idempotency_key' - 'input', p_operation, false);
begin
  return coalesce(v_call.answer, '{}');
end
$$;

grant execute on function coord.may_call to coord_app;
