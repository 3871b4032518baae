import { createClient, type PostgrestError, type SupabaseClient } from '@supabase/supabase-js';
import { callTimeout, type Database } from '../database.ts';
import { refusalError, repeatingRolledBack, unavailable } from '../failure.ts';
import { Wakeups } from '../waiting/index.ts';
import { Shares } from './shares.ts';

/** Supabase through PostgREST's `rpc`, with a secret or service key; schema `coord` must be exposed there. */
export function supabaseDatabase(url: string, key: string): Database {
  const where = `Supabase at ${new URL(url).host}`;
  const client: SupabaseClient<never, 'coord'> = createClient(url, key, {
    db: { schema: 'coord' },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });

  async function attempt(name: string, args: Record<string, unknown>): Promise<unknown> {
    const signal = AbortSignal.timeout(callTimeout);
    const { data, error, status } = await client.rpc(name as never, args as never).abortSignal(signal);
    if (error) throw errorOf(error, status, where);
    return data;
  }

  // PostgREST hears and sends no notifications, so what other processes do is found by asking.
  const wakeups = new Wakeups(4);
  // PostgREST has ten connections unless told otherwise.
  const shares = new Shares(10, callTimeout);
  return {
    kind: 'supabase',
    wakeups,
    call: (name, args) => shares.take(args, () => repeatingRolledBack(() => attempt(name, args))),
    close: () => wakeups.close(),
  };
}

/** PostgREST passes SQLSTATEs on; its own codes begin with PGRST. A gateway that answers instead of it has none. */
function errorOf(error: PostgrestError, status: number, where: string): Error {
  const cause = { code: error.code };
  if (status === 401 || status === 403) {
    return refusalError({ sqlstate: '42501', message: error.message }, where, cause);
  }
  if (error.code === 'PGRST106') return refusalError({ sqlstate: '3F000', message: error.message }, where, cause);
  if (error.code === 'PGRST202') return refusalError({ sqlstate: '42883', message: error.message }, where, cause);
  if (/^[0-9A-Z]{5}$/.test(error.code ?? '')) {
    return refusalError({ sqlstate: error.code, message: error.message, hint: error.hint }, where, cause);
  }
  return unavailable(where, cause);
}
